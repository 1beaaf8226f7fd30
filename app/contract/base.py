"""What every contract shares: frozen, closed models and hashes of their canonical form."""

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class InvalidFile(ValueError):
    """A file that cannot be read as what it claims to be; the message says where and why."""


class Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def canonical_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256_of(value: object) -> str:
    """SHA-256 (hex) of a JSON value in its canonical form: sorted keys, no white space, UTF-8."""
    return sha256_of_text(canonical_json(value))


def sha256_of_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def sha256_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
