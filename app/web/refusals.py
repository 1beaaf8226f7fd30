"""What staff pages and the API refuse (403, 429) is in the audit log, and cannot fill the disk.

Each kind of refusal is noted once a minute for a person or address, and no more than so many of all kinds.
"""

import logging
import time
from typing import NamedTuple

from anyio import to_thread
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.types import Scope

from app.audit import Actor, act_as, record
from app.web.db import Database

log = logging.getLogger("honeyglass")
NOTED = {403, 429}
MOST_A_MINUTE = 30
NOBODY = "not signed in"


class Refusal(NamedTuple):
    actor: Actor
    where: str
    status: int


class Refusals:
    """Of one web process: which kinds of refusal this minute has seen."""

    def __init__(self) -> None:
        self.minute = 0
        self.seen: set[Refusal] = set()

    def is_new(self, refusal: Refusal) -> bool:
        minute = int(time.monotonic() // 60)
        if minute != self.minute:
            self.minute, self.seen = minute, set()
        if refusal in self.seen or len(self.seen) >= MOST_A_MINUTE:
            return False
        self.seen.add(refusal)
        return True


async def note(scope: Scope, status: int) -> None:
    """Note a refusal in a thread that no participant waits for; `desk` has said whose it is."""
    app: FastAPI = scope["app"]
    refusals: Refusals = app.state.refusals
    refusal = refusal_of(scope, status)
    if refusals.is_new(refusal):
        await to_thread.run_sync(write, app.state.database, refusal, limiter=app.state.password_thread)


def refusal_of(scope: Scope, status: int) -> Refusal:
    """The kind of a refusal; of its address the route alone, since the rest is whatever somebody typed."""
    request = Request(scope)
    address = request.client.host if request.client else ""
    route = getattr(scope.get("route"), "path", "an address")
    actor: Actor = getattr(request.state, "actor", None) or Actor(NOBODY, address)
    return Refusal(actor, f"{scope['method']} {route}", status)


def write(database: Database, refusal: Refusal) -> None:
    try:
        with database.transaction(writing=True) as session:
            act_as(session, refusal.actor)
            record(session, "request.refused", refusal.where, after={"status": refusal.status})
    except SQLAlchemyError as error:
        log.warning("a refusal could not be noted: %s", type(error).__name__)
