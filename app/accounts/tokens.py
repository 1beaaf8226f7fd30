"""Bearer tokens for the API: made by their owner, shown once, limited in scope and time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import Person
from app.errors import Invalid, NotFound
from app.models import ApiToken

LONGEST_NAME = 80


def make(
    session: Session, person: Person, name: str, token_sha256: str, scopes: Sequence[str], days: int
) -> ApiToken:
    """Store a token that its owner sees once; `check` has seen its fields."""
    now = datetime.now(UTC)
    token = ApiToken(
        user_id=person.id,
        name=name.strip(),
        token_sha256=token_sha256,
        scopes=list(scopes),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(token)
    return token


def check(name: str, scopes: Sequence[str], days: int, longest_days: int) -> None:
    """Raises: Invalid for what no token may be."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(f"Please give the token a name of at most {LONGEST_NAME} letters: what will use it?")
    if not scopes:
        raise Invalid("Please choose at least one thing that the token may do.")
    if not 1 <= days <= longest_days:
        raise Invalid(f"A token is valid for 1 to {longest_days} days.")


def revoke(session: Session, person: Person, token_id: int) -> None:
    """Raises: NotFound for a token that is not this person's."""
    token = session.scalar(
        select(ApiToken).where(
            ApiToken.id == token_id, ApiToken.user_id == person.id, ApiToken.revoked_at.is_(None)
        )
    )
    if token is None:
        raise NotFound("There is no such token any more.")
    token.revoked_at = datetime.now(UTC)
