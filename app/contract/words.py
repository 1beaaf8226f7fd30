"""The kinds of text a study definition is made of."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from app.contract.base import NAME, Text


def none_if_null(value: object) -> object:
    """Read YAML's null, ~ and empty as nothing; the file's scalars arrive as they were written."""
    return None if value in {"null", "~", ""} else value


def https_address(value: str) -> str:
    if not re.match(r"https://[^\s/]+\.[^\s]+$", value):
        raise ValueError("expected an address like https://example.org/return?code={code}")
    return value


Words = Annotated[Text, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=NAME)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
MaybeName = Annotated[Name | None, BeforeValidator(none_if_null)]
MaybeWords = Annotated[Words | None, BeforeValidator(none_if_null)]
MaybeAddress = Annotated[Annotated[Text, AfterValidator(https_address)] | None, BeforeValidator(none_if_null)]
