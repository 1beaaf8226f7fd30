"""What every contract shares: frozen, closed models and hashes of their canonical form."""

import hashlib
import json
import re
from math import isfinite
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"  # what a study's definition can refer to


def name_problem(text: str) -> str | None:
    """What is wrong with the name of a question set or bundle, as a sentence; None if nothing is."""
    if re.fullmatch(NAME, text):
        return None
    return (
        f"'{text}' is no name that a study could refer to: letters, digits, '.', '_' and '-', "
        "at most 100, the first a letter or digit."
    )


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


def is_none(value: object) -> bool:
    return value is None


def storable(value: object) -> object:
    """Refuse what no UTF-8 database can hold: U+0000 and half of a surrogate pair."""
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise ValueError("contains U+0000 or half of a surrogate pair, which cannot be stored")
    return value


def storable_throughout(value: object) -> None:
    """Refuse a JSON value that no database can hold. Raises: ValueError."""
    storable(value)
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("a number is too large")
    if isinstance(value, dict):
        for key, inner in value.items():
            storable_throughout(key)
            storable_throughout(inner)
    if isinstance(value, list):
        for inner in value:
            storable_throughout(inner)


Text = Annotated[str, BeforeValidator(storable)]
