"""Work that takes a second, in a thread of its own: the threads of requests are the participants'."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


async def aside(
    request: Request, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Run it, one after another with what else was put aside."""
    limiter: CapacityLimiter = request.app.state.aside
    return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=limiter)
