"""What a worker and a student's process say to each other: lines of JSON, nothing that could be code."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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


class Load(Line):
    """The first request: which student, and where base models may lie."""

    folder: Path
    manifest: dict[str, JsonValue]
    precision: Literal["fp32", "bf16"]
    by_sha256: dict[str, Path]
    root: Path | None
    threads: int


class Ask(Line):
    """Every further request."""

    way: str
    questions: tuple[Posed, ...]


class Told(Line):
    """What the student said of one question."""

    question_id: int
    answer: str | None
    explanation: str | None
    is_truncated: bool
    missing: tuple[str, ...]
    outputs: tuple[str, ...]  # of each step, as written
    record: dict[str, JsonValue]


class Reply(Line):
    """To each request one: what was told, or why it failed."""

    told: tuple[Told, ...] = ()
    failed: str | None = None
