"""Who is asking: a signed-in browser by its cookie, a program by its bearer token.

A handler of staff pages does its work inside `desk`, a handler of the API inside `api_desk`: the same one
transaction that reads who is there, checks the role, and does the work.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Literal, NamedTuple, Protocol, cast, get_args

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import Person, Role, require
from app.audit import Actor, act_as
from app.errors import Forbidden, NotSignedIn
from app.models import ApiToken, User, UserSession
from app.web.db import Database

Scope = Literal["studies:read", "studies:write", "exports:read", "material:read", "material:write"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
TOKEN_BYTES = 32
LONGEST_AGENT = 200


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


def cookie_name(request: Request) -> str:
    """Over https the name is bound to this host by the browser itself."""
    return "__Host-honeyglass" if request.url.scheme == "https" else "honeyglass"


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def agent_of(request: Request) -> str:
    agent = request.headers.get("user-agent", "").replace("\0", "")
    return "".join(letter for letter in agent if letter.isprintable())[:LONGEST_AGENT]


def session_token(request: Request) -> str | None:
    return request.cookies.get(cookie_name(request))


def current(session: Session, request: Request) -> tuple[Person, UserSession] | None:
    """The person whose cookie came with the request, and that browser's session."""
    token = session_token(request)
    if not token:
        return None
    found = session.execute(
        select(User, UserSession)
        .join(UserSession, UserSession.user_id == User.id)
        .where(
            UserSession.token_sha256 == token_hash(token),
            UserSession.expires_at > datetime.now(UTC),
            User.is_active,
        )
    ).one_or_none()
    if found is None:
        return None
    return person_of(found[0]), found[1]


def person_of(user: User) -> Person:
    return Person(user.id, user.email, cast("Role", user.role))


def opened(request: Request, *, writing: bool, is_snapshot: bool) -> AbstractContextManager[Session]:
    database: Database = request.app.state.database
    return database.snapshot() if is_snapshot else database.transaction(writing=writing)


@contextmanager
def desk(
    request: Request, role: Role = "viewer", *, writing: bool = False, is_snapshot: bool = False
) -> Iterator[Desk]:
    """One transaction for a signed-in person of at least this role.

    Raises: NotSignedIn, Forbidden.
    """
    with opened(request, writing=writing, is_snapshot=is_snapshot) as session:
        found = current(session, request)
        if found is None:
            raise NotSignedIn("Please sign in.")
        person = found[0]
        require(person, role)
        act_as(session, Actor(person.email, address_of(request)))
        yield Desk(session, person)


@contextmanager
def api_desk(
    request: Request, scope: Scope, role: Role = "viewer", *, writing: bool = False, is_snapshot: bool = False
) -> Iterator[Desk]:
    """One transaction for whoever made the bearer token that came with the call.

    Raises: NotSignedIn for a missing, unknown, expired or revoked token; Forbidden if the token lacks the
    scope or the person the role.
    """
    with opened(request, writing=writing, is_snapshot=is_snapshot) as session:
        token, person = bearer(session, request)
        if scope not in token.scopes:
            raise Forbidden(
                f"This token lacks the scope {scope}; it has {', '.join(token.scopes) or 'none'}."
            )
        require(person, role)
        act_as(session, Actor(f"{person.email} (token {token.name})", address_of(request)))
        yield Desk(session, person)


def admit(request: Request, scope: Scope, role: Role = "viewer") -> None:
    """Make sure of a call's right before slow work on what it brings, which no transaction waits for.

    The transaction that stores the work asks again. Raises: as `api_desk`.
    """
    with api_desk(request, scope, role):
        pass


def bearer(session: Session, request: Request) -> tuple[ApiToken, Person]:
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
    return found[0], person_of(found[1])
