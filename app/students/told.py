"""What a student is asked and what it says. Plain values, so that they can travel as lines of JSON."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue


class Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Posed:
    """A question as a student is asked it."""

    id: int
    text: str
    choices: Sequence[str]
    premise: str | None = None


class Turn(Line):
    """One step of a way to ask, taken: what the student was given, whole, and what it wrote."""

    name: str
    input: str
    output: str
    input_tokens: int
    tokens: int
    is_truncated: bool


class Told(Line):
    """What the student said of one question; `missing` are the markers that a reader did not find."""

    question_id: int
    answer: str | None
    explanation: str | None
    missing: tuple[str, ...]
    turns: tuple[Turn, ...]
    record: dict[str, JsonValue]  # how it came about

    @property
    def is_truncated(self) -> bool:
        return any(turn.is_truncated for turn in self.turns)

    @property
    def outputs(self) -> dict[str, str]:
        """Of each step that was taken, as written; of steps of one name, the last one's."""
        return {turn.name: turn.output for turn in self.turns}
