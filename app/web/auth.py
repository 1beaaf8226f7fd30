"""Who is asking: a signed-in browser by its cookie, a program by its bearer token.

A handler of staff pages does its work inside `desk`, a handler of the API inside `api_desk`: the same one
transaction that reads who is there, checks the role, and does the work.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, Protocol, cast, get_args

from fastapi import Request
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access import IDLE_LIMIT, Person, Role, require
from app.audit import Actor, act_as
from app.errors import Forbidden, NotSignedIn, NotYet
from app.models import ApiToken, User, UserSession
from app.settings import Settings
from app.web.cookies import read_cookie
from app.web.db import Database

Duty = Literal["password", "second factor"]
Scope = Literal["studies:read", "studies:write", "exports:read", "material:read", "material:write"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
COOKIE = "honeyglass"
TOKEN_BYTES = 32
LONGEST_AGENT = 200
SEEN_EVERY = timedelta(minutes=5)


class ToDo(NamedTuple):
    message: str
    path: str


DUTIES: dict[Duty, ToDo] = {
    "password": ToDo(
        "Your password is one to replace, so choose a new one before anything else.",
        "/account/new-password",
    ),
    "second factor": ToDo(
        "This server asks you for a second factor, so set it up before anything else.",
        "/account/second-factor",
    ),
}


class Desk(NamedTuple):
    """Where a signed-in person's request is worked on."""

    session: Session
    person: Person


class Opener(Protocol):
    """`desk` or `api_desk`, given all but the kind of transaction."""

    def __call__(
        self, *, writing: bool = False, is_snapshot: bool = False
    ) -> AbstractContextManager[Desk]: ...


def make_token() -> str:
    """256 random bits, for a cookie, a one-time link or a bearer token."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """SHA-256 (hex). A slow hash would add nothing: nobody can try out 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def agent_of(request: Request) -> str:
    agent = request.headers.get("user-agent", "").replace("\0", "")
    return "".join(letter for letter in agent if letter.isprintable())[:LONGEST_AGENT]


def session_token(request: Request) -> str | None:
    return read_cookie(request, COOKIE)


class SignedIn(NamedTuple):
    user: User
    here: UserSession


def current(session: Session, request: Request) -> SignedIn | None:
    """Whose cookie came with the request, and that browser's session."""
    token, now = session_token(request), datetime.now(UTC)
    if not token:
        return None
    found = session.execute(
        select(User, UserSession)
        .join(UserSession, UserSession.user_id == User.id)
        .where(
            UserSession.token_sha256 == token_hash(token),
            UserSession.expires_at > now,
            UserSession.last_seen_at > now - IDLE_LIMIT,
            User.is_active,
        )
    ).one_or_none()
    return SignedIn(found[0], found[1]) if found else None


def person_of(user: User) -> Person:
    return Person(user.id, user.email, cast("Role", user.role))


def opened(request: Request, *, writing: bool, is_snapshot: bool) -> AbstractContextManager[Session]:
    database: Database = request.app.state.database
    return database.snapshot() if is_snapshot else database.transaction(writing=writing)


@contextmanager
def desk(
    request: Request,
    role: Role = "viewer",
    *,
    writing: bool = False,
    is_snapshot: bool = False,
    despite: Duty | None = None,
) -> Iterator[Desk]:
    """One transaction for a signed-in person of at least this role.

    `despite` names what need not be done yet: the page where it is done asks for it. Raises: NotSignedIn,
    NotYet, Forbidden.
    """
    with opened(request, writing=writing, is_snapshot=is_snapshot) as session:
        found = current(session, request)
        if found is None:
            raise NotSignedIn("Please sign in.")
        person = person_of(found.user)
        act(request, session, person.email)
        duty = duty_of(request, found.user)
        if duty not in {None, despite}:
            raise NotYet(*DUTIES[duty])
        require(person, role)
        yield Desk(session, person)
    if is_seen_anew(request, found.here):
        with opened(request, writing=True, is_snapshot=False) as session:
            note_seen(session, found.here)


def act(request: Request, session: Session, name: str) -> None:
    """Say who does what this request does, or is refused."""
    request.state.actor = Actor(name, address_of(request))
    act_as(session, request.state.actor)


def duty_of(request: Request, user: User) -> Duty | None:
    """What somebody must do before anything else."""
    settings: Settings = request.app.state.settings
    if user.must_change_password:
        return "password"
    return "second factor" if settings.needs_second_factor(user.role) and not user.totp_secret else None


def is_seen_anew(request: Request, here: UserSession) -> bool:
    """Whether this use of a session is worth a write: none of the last minutes was, and a person made it.

    What a page asks by itself says "hx-request": a page that is left open is no use.
    """
    return "hx-request" not in request.headers and datetime.now(UTC) - here.last_seen_at > SEEN_EVERY


def note_seen(session: Session, here: UserSession) -> None:
    session.execute(
        update(UserSession).where(UserSession.id == here.id).values(last_seen_at=datetime.now(UTC))
    )


@contextmanager
def api_desk(
    request: Request, scope: Scope, role: Role = "viewer", *, writing: bool = False, is_snapshot: bool = False
) -> Iterator[Desk]:
    """One transaction for whoever made the bearer token that came with the call.

    Raises: NotSignedIn for a missing, unknown, expired or revoked token; Forbidden if the token lacks the
    scope or the person the role.
    """
    with opened(request, writing=writing, is_snapshot=is_snapshot) as session:
        token, user = bearer(session, request)
        person = person_of(user)
        act(request, session, f"{person.email} (token {token.name})")
        if duty := duty_of(request, user):
            raise Forbidden(f"{DUTIES[duty].message} Sign in with a browser to do it.")
        if scope not in token.scopes:
            raise Forbidden(
                f"This token lacks the scope {scope}; it has {', '.join(token.scopes) or 'none'}."
            )
        require(person, role)
        yield Desk(session, person)


def admit(request: Request, scope: Scope, role: Role = "viewer") -> None:
    """Make sure of a call's right before slow work on what it brings, which no transaction waits for.

    The transaction that stores the work asks again. Raises: as `api_desk`.
    """
    with api_desk(request, scope, role):
        pass


def bearer(session: Session, request: Request) -> tuple[ApiToken, User]:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise NotSignedIn(
            "Send a bearer token: Authorization: Bearer TOKEN. You make one on your account page."
        )
    found = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(
            ApiToken.token_sha256 == token_hash(token.strip()),
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > datetime.now(UTC),
            User.is_active,
        )
    ).one_or_none()
    if found is None:
        raise NotSignedIn("This token is unknown, expired or revoked. Make a new one on your account page.")
    return found[0], found[1]
