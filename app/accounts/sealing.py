"""Seeds of second factors are stored sealed: a copy of the database alone makes no codes."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MARK = "sealed:"  # no seed begins so: theirs are capital letters and digits
NONCE_BYTES = 12


class Seal:
    """AES-256-GCM under a key of its own, made from the installation's secret."""

    def __init__(self, secret: bytes) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=b"honeyglass second factor").derive(secret)
        self.cipher = AESGCM(key)

    def close(self, seed: str, owner: int) -> str:
        """Seal a seed for one account; in another account's row it is worth nothing."""
        nonce = os.urandom(NONCE_BYTES)
        return (
            MARK + urlsafe_b64encode(nonce + self.cipher.encrypt(nonce, seed.encode(), bound(owner))).decode()
        )

    def open(self, stored: str, owner: int) -> str | None:
        """The seed; None if another key sealed it. A seed from before there were seals is as it stands."""
        if not is_sealed(stored):
            return stored
        whole = urlsafe_b64decode(stored.removeprefix(MARK))
        try:
            return self.cipher.decrypt(whole[:NONCE_BYTES], whole[NONCE_BYTES:], bound(owner)).decode()
        except InvalidTag:
            return None


def is_sealed(stored: str) -> bool:
    return stored.startswith(MARK)


def bound(owner: int) -> bytes:
    return f"user {owner}".encode()
