"""Everybody there is to try a door: each role, and each level of sharing of one study."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session

from app.access import Level, Role
from app.accounts.queries import tokens_of
from app.models import Study, StudyAccess, User, UserSession
from app.web.auth import make_token, token_hash
from tests.factories import make_api_token, make_user

# Name → role, and what the study is shared for; in the order of what they may do.
PEOPLE: dict[str, tuple[Role, Level | None]] = {
    "viewer": ("viewer", None),
    "researcher": ("researcher", None),
    "viewer with edit": ("viewer", "edit"),  # the role bounds the share
    "viewer with view": ("viewer", "view"),
    "researcher with view": ("researcher", "view"),
    "researcher with edit": ("researcher", "edit"),
    "owner": ("researcher", "own"),
    "admin": ("admin", None),
}


@dataclass(frozen=True)
class Someone:
    user: User
    cookie: str
    session_id: int
    token: str
    token_id: int


def admit(session: Session, study: Study) -> dict[str, Someone]:
    """Everybody, signed in (without the slow hash that signing in takes) and with a token for everything."""
    return {name: someone(session, study, name, role, level) for name, (role, level) in PEOPLE.items()}


def someone(session: Session, study: Study, name: str, role: Role, level: Level | None) -> Someone:
    user = make_user(session, f"{name.replace(' ', '-')}@example.org", role)
    if level:
        session.add(StudyAccess(study_id=study.id, user_id=user.id, level=level))
    cookie, now = make_token(), datetime.now(UTC)
    signed_in = UserSession(
        user_id=user.id,
        token_sha256=token_hash(cookie),
        address="",
        user_agent="",
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(hours=1),
    )
    session.add(signed_in)
    token = make_api_token(session, user)
    session.flush()
    return Someone(user, cookie, signed_in.id, token, tokens_of(session, user.id)[0].id)


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Method and path of every route; HEAD and OPTIONS belong to the GET beside them."""
    found = set()
    for entry in app.router.routes:
        inner = getattr(entry, "original_router", None)
        for route in inner.routes if inner else [entry]:
            if isinstance(route, APIRoute):
                found |= {(method, route.path) for method in (route.methods or set()) - {"HEAD", "OPTIONS"}}
    return found
