from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

SECRET = {"secret": True}  # the audit log notes that such a column changed, and never its value


class User(Base):
    """Someone who may sign in. `email` is stored in lower case.

    Until a first password is set through a reset link, `password_hash` is null and nobody can sign in. Who
    must change it has one that somebody else has seen, and can do nothing else before.
    """

    __tablename__ = "user"
    __table_args__ = (CheckConstraint("role IN ('admin', 'researcher', 'viewer')", name="role"),)
    audited_by: ClassVar[str] = "email"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(info=SECRET)
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default=false())
    totp_secret: Mapped[str | None] = mapped_column(info=SECRET)
    totp_last_step: Mapped[int | None] = mapped_column(info=SECRET)
    created_at: Mapped[datetime]


class UserSession(Base):
    """A signed-in browser. Its cookie holds a random token; only the token's SHA-256 is stored.

    `last_seen_at` is right to a few minutes: a page must not always write.
    """

    __tablename__ = "user_session"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str]
    user_agent: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SignInAttempts(Base):
    """How often a password was tried by one network or browser, or for one account, until `ends_at`.

    `account` stands for an e-mail address that was typed, whether or not there is such an account; it is
    empty where the count belongs to none.
    """

    __tablename__ = "sign_in_attempts"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    account: Mapped[str] = mapped_column(index=True)
    count: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)


class ResetLink(Base):
    """A one-time link that sets a password; made by an admin, stored as a hash."""

    __tablename__ = "reset_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiToken(Base):
    """A bearer token for /api/v1: shown once, stored hashed, limited to its scopes and its time."""

    __tablename__ = "api_token"
    audited_by: ClassVar[str] = "name"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    name: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True, info=SECRET)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class AuditEvent(Base):
    """Who did what to which thing, when; `before` and `after` hold the changed fields alone.

    `actor` is written out (an e-mail address, or "command line"), so that it outlives the account.
    """

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "at"), Index(None, "subject"))
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    address: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
