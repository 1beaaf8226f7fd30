"""Short values the server hands out and gets back unchanged, bound to a purpose."""

from hashlib import sha256

from itsdangerous import BadSignature, Signer


class Signing:
    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def signer(self, purpose: str) -> Signer:
        """HMAC-SHA256 under a key of its own for each purpose."""
        return Signer(self.secret, salt=f"honeyglass {purpose}", key_derivation="hmac", digest_method=sha256)

    def sign(self, purpose: str, value: str) -> str:
        return self.signer(purpose).sign(value).decode()

    def read(self, purpose: str, token: str) -> str | None:
        """The value that was signed for this purpose, or None for anything else."""
        try:
            return self.signer(purpose).unsign(token).decode()
        except (BadSignature, UnicodeError):
            return None


def link_token(signing: Signing, slug: str) -> str:
    """What a study's signed link carries: whoever lacks it was not sent by the study team."""
    return signing.sign("link", slug).removeprefix(f"{slug}.")


def is_own_link(signing: Signing, slug: str, token: str) -> bool:
    return signing.read("link", f"{slug}.{token}") == slug


def mode_token(signing: Signing, slug: str, mode: str) -> str:
    """The token that lets a visit enter a study in a mode other than people."""
    return signing.sign("mode", f"{slug} {mode}")


def read_mode(signing: Signing, slug: str, token: str) -> str | None:
    """The mode a token grants in this study; None if it grants nothing here."""
    value = signing.read("mode", token)
    prefix = f"{slug} "
    return value.removeprefix(prefix) if value and value.startswith(prefix) else None
