"""What a worker and a student's process say to each other: lines of JSON, nothing that could be code."""

from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from app.students.told import Line, Posed, Told


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


class Reply(Line):
    """To each request one: what was told, or why it failed."""

    told: tuple[Told, ...] = ()
    failed: str | None = None
