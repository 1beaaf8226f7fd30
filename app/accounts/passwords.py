"""Passwords: what is accepted, and how they are kept (Argon2id, through pwdlib)."""

import secrets
import threading

from pwdlib import PasswordHash

from app.errors import Invalid

SHORTEST = 12
LONGEST = 200
FEWEST_LETTERS = 5  # different ones; "aaaaaaaaaaaa" is no password
# A hash takes 64 MiB while it is made: one at a time keeps a flood of sign-ins from taking the memory.
hashing = threading.Lock()
hasher = PasswordHash.recommended()
# Verified where there is no account, so that the answer takes as long and tells nothing.
NOBODY = hasher.hash(secrets.token_urlsafe())


def problem(password: str, email: str) -> str | None:
    """What is wrong with a new password, as a sentence; None if nothing is."""
    if len(password) < SHORTEST:
        return f"Please use at least {SHORTEST} characters; a few words in a row are good."
    if len(password) > LONGEST:
        return f"Please use at most {LONGEST} characters."
    if len(set(password)) < FEWEST_LETTERS or email.lower() in password.lower():
        return "This is too easy to guess. A few words in a row are good."
    return None


def make_hash(password: str, email: str) -> str:
    """Raises: Invalid for a password that is not accepted."""
    if found := problem(password, email):
        raise Invalid(found)
    with hashing:
        return hasher.hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one; takes as long where nothing is stored."""
    with hashing:
        return hasher.verify(password[:LONGEST], stored or NOBODY) and stored is not None


def generate() -> str:
    """A password for someone who will write it down: 120 random bits."""
    return secrets.token_urlsafe(15)
