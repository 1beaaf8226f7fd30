"""Passwords are hashed one at a time in a thread of their own: a participant's page never waits for one.

A hash takes a fifth of a second and 64 MiB. So a flood of sign-ins costs one core and this memory once, and
whoever comes when too many wait is told to come back.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from anyio import CapacityLimiter, to_thread
from fastapi import Request

from app.errors import TooMany

MOST_WAITING = 20
RETRY_AFTER_S = 5
Given = ParamSpec("Given")
Result = TypeVar("Result")


async def in_turn(
    request: Request, work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs
) -> Result:
    """Do what may hash a password, when its turn has come. Raises: TooMany."""
    thread = cast("CapacityLimiter", request.app.state.password_thread)
    if thread.statistics().tasks_waiting >= MOST_WAITING:
        raise TooMany(
            "Many people are signing in at this moment. Please try again in a few seconds.", RETRY_AFTER_S
        )
    return await to_thread.run_sync(lambda: work(*given, **named), limiter=thread)
