"""The common question, whatever format it came in, and the kinds of text it is made of."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.contract.base import Text

LONGEST_TEXT = 100_000  # characters of one text; nobody could read more on one page
MOST_CHOICES = 100


def readable(value: object) -> object:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ValueError(f"{len(value):,} characters; at most {LONGEST_TEXT:,} fit on a page")
    return value


Bounded = Annotated[Text, BeforeValidator(readable)]
Filled = Annotated[Bounded, StringConstraints(pattern=r"\S")]
Key = Annotated[Filled, StringConstraints(max_length=200)]
Choices = Annotated[tuple[Filled, ...], Field(min_length=2, max_length=MOST_CHOICES)]


class Question(BaseModel):
    """One question as it stands in the file; nothing is trimmed, so texts can be compared exactly.

    With a `premise`, `question` is the hypothesis to hold against it.
    """

    model_config = ConfigDict(frozen=True)

    key: Key = Field(alias="id")
    premise: Filled | None = None
    question: Filled
    choices: Choices
    answer: Filled
