"""The kinds of text a study definition is made of."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, StringConstraints, ValidationInfo

from app.contract.base import NAME, Text

LONGEST_ADDRESS = 2_000
LONGEST_CODE = 200
NEW = {
    "is_new": True
}  # the context in which a definition is read that somebody sends; what is stored was read


def none_if_null(value: object) -> object:
    """Read YAML's null, ~ and empty as nothing; the file's scalars arrive as they were written."""
    return None if isinstance(value, str) and value in {"null", "~", ""} else value


def short_if_new(value: str, info: ValidationInfo) -> str:
    """Refuse a long code. One that an earlier release stored stays readable: its study may be under way."""
    if info.context == NEW and len(value) > LONGEST_CODE:
        raise ValueError(f"longer than the {LONGEST_CODE} characters a code may have")
    return value


def https_address(value: str) -> str:
    if len(value) > LONGEST_ADDRESS:
        raise ValueError(f"longer than the {LONGEST_ADDRESS:,} characters an address may have")
    if not is_https(value):
        raise ValueError("expected an address like https://example.org/return?code={code}")
    return value


def is_https(value: str) -> bool:
    """Whether a browser could go there: https, a host with a dot in it, no white space."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:  # a bracket that opens no IPv6 address
        return False
    is_whole = not any(letter.isspace() for letter in value) and "." in host.strip(".")
    return is_whole and value.startswith("https://")


Words = Annotated[Text, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=NAME)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
MaybeName = Annotated[Name | None, BeforeValidator(none_if_null)]
MaybeWords = Annotated[Words | None, BeforeValidator(none_if_null)]
MaybeAddress = Annotated[Annotated[Text, AfterValidator(https_address)] | None, BeforeValidator(none_if_null)]
MaybeCode = Annotated[Annotated[Words, AfterValidator(short_if_new)] | None, BeforeValidator(none_if_null)]
