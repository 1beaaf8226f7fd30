from typing import Literal

from pydantic import Field, field_validator

from app.web.forms import SubmittedForm

MOST_CHOICES = 26
LONGEST_TEXT = 4_000


def empty_is_none(value: str) -> str | None:
    return value.strip() or None


class FolderForm(SubmittedForm):
    path: str = Field(min_length=1)
    name: str
    manifest: str = ""


class GenerateForm(SubmittedForm):
    """What to have written; an empty field leaves it to the manifest, or means all questions."""

    question_set: str = Field(min_length=1)
    limit: int | None = Field(None, ge=1, le=1_000_000)
    precision: Literal["fp32", "bf16"] | None = None
    way: str | None = None

    blank = field_validator("limit", "precision", "way", mode="before")(empty_is_none)


class TryForm(SubmittedForm):
    """One question; a line is a choice."""

    question: str = Field(min_length=1, max_length=LONGEST_TEXT)
    choices: tuple[str, ...]
    premise: str | None = Field(None, max_length=LONGEST_TEXT)
    way: str

    blank = field_validator("premise", mode="before")(empty_is_none)

    @field_validator("choices", mode="before")
    @classmethod
    def one_in_a_line(cls, value: str) -> list[str]:
        lines = [line.strip() for line in value[: LONGEST_TEXT + 1].splitlines() if line.strip()]
        if not 1 < len(lines) <= MOST_CHOICES or len(value) > LONGEST_TEXT:
            raise ValueError(f"Please give 2 to {MOST_CHOICES} choices, one in a line.")
        return lines
