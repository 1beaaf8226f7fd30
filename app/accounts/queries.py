from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, or_, select
from sqlalchemy.orm import Session

from app.access import IDLE_LIMIT
from app.errors import NotFound
from app.models import ApiToken, AuditEvent, User, UserSession


def user_by_email(session: Session, email: str) -> User | None:
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def user_by_id(session: Session, user_id: int) -> User:
    """Raises: NotFound."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such account.")
    return user


def locked_user(session: Session, user_id: int) -> User:
    """The account, which nobody else changes until the transaction ends. Raises: NotFound."""
    statement = select(User).where(User.id == user_id).with_for_update()
    user = session.scalar(statement.execution_options(populate_existing=True))
    if user is None:
        raise NotFound("There is no such account.")
    return user


def users(session: Session) -> list[User]:
    return list(session.scalars(select(User).order_by(User.email)))


def count_admins(session: Session) -> int:
    """How many can admit others; their rows stay locked, so that two cannot demote each other at once.

    They are locked in one order, whoever asks: otherwise two would wait for each other.
    """
    statement = select(User.id).where(User.role == "admin", User.is_active)
    return len(session.scalars(statement.order_by(User.id).with_for_update()).all())


def sessions_of(session: Session, user_id: int, now: datetime) -> list[UserSession]:
    is_open = UserSession.expires_at > now, UserSession.last_seen_at > now - IDLE_LIMIT
    statement = select(UserSession).where(UserSession.user_id == user_id, *is_open)
    return list(session.scalars(statement.order_by(UserSession.created_at.desc())))


def tokens_of(session: Session, user_id: int) -> list[ApiToken]:
    statement = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return list(session.scalars(statement.order_by(ApiToken.created_at.desc())))


def some_events(session: Session, words: str, offset: int, limit: int) -> list[AuditEvent]:
    """Some of the audit log, newest first.

    Every word must stand somewhere in an event: who, address, action, subject, or what changed.
    """
    statement = select(AuditEvent).order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
    columns: list[Any] = [
        AuditEvent.actor,
        AuditEvent.address,
        AuditEvent.action,
        AuditEvent.subject,
        cast(AuditEvent.before, String),
        cast(AuditEvent.after, String),
        cast(AuditEvent.at, String),
    ]
    for word in words.split()[:10]:
        statement = statement.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    return list(session.scalars(statement.offset(offset).limit(limit)))
