"""Accounts: make, sign in, sign out, passwords, one-time links."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app.access import IDLE_LIMIT, Person, Role
from app.accounts import queries, second_factor
from app.accounts.sealing import Seal
from app.audit import record
from app.contract.base import sha256_of_text
from app.errors import Conflict, Invalid, NotFound
from app.models import ResetLink, User, UserSession

End = Literal["sessions", "sessions and tokens", "nothing"]
UNKNOWN = "no such account"
SESSION_LIFETIME = timedelta(days=7)
LINK_LIFETIME = timedelta(days=3)
LONGEST_EMAIL = 254


@dataclass(frozen=True)
class Browser:
    """What a session remembers of where it was started; `token_sha256` is of the cookie's new token.

    `before_sha256` is of the token that the browser came with, whose session ends.
    """

    token_sha256: str
    before_sha256: str
    address: str
    user_agent: str


def clean_email(text: str) -> str:
    """Raises: Invalid for what is no e-mail address."""
    email = text.strip().lower()
    if len(email) > LONGEST_EMAIL or not re.fullmatch(r"[^@\s]+@[^@\s]+", email) or not email.isprintable():
        raise Invalid(f"'{text.strip()[:80]}' is no e-mail address.")
    return email


def add_user(
    session: Session,
    email: str,
    role: Role,
    password_hash: str | None = None,
    *,
    must_change_password: bool = False,
) -> User:
    """Raises: Invalid for no e-mail address, Conflict for one that has an account."""
    email = free_email(session, email)
    user = User(
        email=email,
        role=role,
        is_active=True,
        password_hash=password_hash,
        must_change_password=must_change_password,
        created_at=datetime.now(UTC),
    )
    session.add(user)
    session.flush()
    return user


def free_email(session: Session, text: str) -> str:
    """The address of an account to be. Raises: Invalid, Conflict."""
    email = clean_email(text)
    if queries.user_by_email(session, email) is not None:
        raise Conflict(f"There is an account for '{email}' already.")
    return email


def stored_hash(session: Session, email: str) -> str | None:
    """The hash to verify a password against; None where nobody can sign in."""
    user = queries.user_by_email(session, email)
    return user.password_hash if user and user.is_active else None


def sign_in(
    session: Session, email: str, proof: str, browser: Browser, code: str | None, seal: Seal
) -> Literal["done", "code", "failed"]:
    """Start a session for whoever's password was just verified; `proof` says against which hash.

    "code" if the second factor is still to come; "failed" for a wrong code, or an account that changed
    while the password was being verified.
    """
    user = session.scalar(select(User).where(User.email == email, User.is_active).with_for_update())
    if user is None or proof_of(user.password_hash or "") != proof:
        return "failed"
    if user.totp_secret and code is None:
        return "code"
    if user.totp_secret and not second_factor.use_code(user, code or "", datetime.now(UTC), seal):
        record(session, "sign_in.failed", email, after={"because": "wrong code"})
        return "failed"
    start_session(session, user, browser, datetime.now(UTC))
    record(session, "sign_in", email, after={"browser": browser.user_agent})
    return "done"


def note_failure(session: Session, email: str) -> None:
    """Note a wrong password, and which account's; what else was typed is not kept: it may be a password."""
    user = queries.user_by_email(session, email)
    record(session, "sign_in.failed", user.email if user else UNKNOWN, after={"because": "wrong password"})


def start_session(session: Session, user: User, browser: Browser, now: datetime) -> None:
    """Begin a session in place of the one this browser had; those that are over go with it."""
    is_over = or_(UserSession.expires_at <= now, UserSession.last_seen_at <= now - IDLE_LIMIT)
    session.execute(
        delete(UserSession).where(or_(is_over, UserSession.token_sha256 == browser.before_sha256))
    )
    session.add(
        UserSession(
            user_id=user.id,
            token_sha256=browser.token_sha256,
            address=browser.address,
            user_agent=browser.user_agent,
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
    )


def proof_of(password_hash: str) -> str:
    """What stands for a verified hash while the second factor is asked for; tells nothing of it."""
    return sha256_of_text(f"verified {password_hash}")


def sign_out(session: Session, person: Person, token_sha256: str) -> None:
    session.execute(delete(UserSession).where(UserSession.token_sha256 == token_sha256))
    record(session, "sign_out", person.email)


def revoke_session(session: Session, person: Person, session_id: int) -> None:
    """Raises: NotFound for a session that is not this person's."""
    found = session.scalar(
        select(UserSession).where(UserSession.id == session_id, UserSession.user_id == person.id)
    )
    if found is None:
        raise NotFound("This browser is signed out already.")
    session.delete(found)
    record(session, "session.revoked", person.email, before={"browser": found.user_agent})


def sign_out_everywhere(session: Session, person: Person) -> None:
    end_sessions(session, person.id)
    record(session, "sign_out.everywhere", person.email)


def set_password(
    session: Session, user: User, password_hash: str, end: End = "sessions and tokens", keep: str = ""
) -> None:
    """Set a verified new password; open one-time links stop working.

    `end` says what ends of what was opened with the old one; `keep` is the hash of a session's token that
    stays.
    """
    user.password_hash, user.must_change_password = password_hash, False
    if end != "nothing":
        end_sessions(session, user.id, keep)
    if end == "sessions and tokens":
        end_tokens(session, user.id)
    session.execute(delete(ResetLink).where(ResetLink.user_id == user.id))


def end_sessions(session: Session, user_id: int, keep: str = "") -> None:
    session.execute(
        delete(UserSession).where(UserSession.user_id == user_id, UserSession.token_sha256 != keep)
    )


def end_tokens(session: Session, user_id: int) -> None:
    """Revoke every token of somebody's, each with its line in the audit log."""
    for token in queries.tokens_of(session, user_id):
        token.revoked_at = datetime.now(UTC)


def make_reset_link(session: Session, user: User, token_sha256: str) -> datetime:
    """Store a one-time link in place of any other; the time it expires."""
    now = datetime.now(UTC)
    session.execute(delete(ResetLink).where(ResetLink.user_id == user.id))
    link = ResetLink(
        user_id=user.id, token_sha256=token_sha256, created_at=now, expires_at=now + LINK_LIFETIME
    )
    session.add(link)
    record(session, "reset_link.created", user.email)
    return link.expires_at


def user_of_link(session: Session, token_sha256: str) -> User:
    """Whose password a link sets. Raises: NotFound once it was used, replaced or expired."""
    user = session.scalar(
        select(User)
        .join(ResetLink, ResetLink.user_id == User.id)
        .where(
            ResetLink.token_sha256 == token_sha256, ResetLink.expires_at > datetime.now(UTC), User.is_active
        )
    )
    if user is None:
        raise NotFound("This link was used already, or it has expired. Please ask an admin for a new one.")
    return user


def change_role(session: Session, user: User, role: Role) -> None:
    """Raises: Conflict if nobody would be left to admit others."""
    if role != "admin":
        keep_an_admin(session, user)
    user.role = role


def deactivate(session: Session, user: User) -> None:
    """Sign someone out everywhere and for good; what they made stays. Raises: Conflict for the last admin."""
    keep_an_admin(session, user)
    user.is_active = False
    end_sessions(session, user.id)
    end_tokens(session, user.id)
    session.execute(delete(ResetLink).where(ResetLink.user_id == user.id))


def activate(user: User) -> None:
    user.is_active = True


def keep_an_admin(session: Session, user: User) -> None:
    if user.role == "admin" and user.is_active and queries.count_admins(session) == 1:
        raise Conflict(f"'{user.email}' is the only admin; make someone else an admin first.")
