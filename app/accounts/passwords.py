"""Passwords: what is accepted, and how they are kept (Argon2id, through pwdlib)."""

import secrets

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.accounts.guessing import is_easy
from app.errors import Invalid

SHORTEST = 15
SHORTEST_WITH_SECOND_FACTOR = 12
LONGEST = 200
# One lane: a hash takes one core, however many there are, and leaves the others to participants' pages.
hasher = PasswordHash((Argon2Hasher(parallelism=1),))
# Verified where there is no account, so that the answer takes as long and tells nothing.
NOBODY = hasher.hash(secrets.token_urlsafe())


def shortest(*, has_second_factor: bool) -> int:
    return SHORTEST_WITH_SECOND_FACTOR if has_second_factor else SHORTEST


def problem(password: str, email: str, *, has_second_factor: bool = False) -> str | None:
    """What is wrong with a new password, as a sentence; None if nothing is."""
    at_least = shortest(has_second_factor=has_second_factor)
    if len(password) < at_least:
        return f"Please use at least {at_least} characters; a few words in a row are good."
    if len(password) > LONGEST:
        return f"Please use at most {LONGEST} characters."
    if is_easy(password, email):
        return "This is too easy to guess. A few words that do not belong together are good."
    return None


def make_hash(password: str, email: str, *, has_second_factor: bool = False) -> str:
    """Raises: Invalid for a password that is not accepted."""
    if found := problem(password, email, has_second_factor=has_second_factor):
        raise Invalid(found)
    return hasher.hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one; takes as long where nothing is stored."""
    is_stored = hasher.verify(password[:LONGEST], stored or NOBODY)
    return is_stored and stored is not None and len(password) <= LONGEST


def generate() -> str:
    """A password for someone who will write it down: 120 random bits."""
    return secrets.token_urlsafe(15)
