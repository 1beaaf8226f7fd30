"""What every export is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from app.contract.study import StudyDefinition
from app.models import Study

Format = Literal["long", "wide", "participants", "items", "paper", "jsonl"]
Cell = str | int | float | bool | datetime | None


@dataclass(frozen=True)
class Source:
    """What an export is taken from: one study in one snapshot, at one time."""

    session: Session
    study: Study
    definitions: Sequence[StudyDefinition]
    modes: list[str]
    now: datetime
    with_external_ids: bool = False


@dataclass(frozen=True)
class Table:
    columns: tuple[str, ...]
    rows: Iterator[tuple[Cell, ...]]
