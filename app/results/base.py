"""What every export is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.contract.study import StudyDefinition
from app.models import Study, StudyVersion

Format = Literal["long", "wide", "participants", "items", "paper", "jsonl", "codebook", "parquet"]
Include = Literal["synthetic", "uncounted"]  # who is in an export besides who counts
Cell = str | int | float | bool | datetime | None


@dataclass(frozen=True)
class Source:
    """What an export is taken from: one study in one snapshot, at one time."""

    session: Session
    study: Study
    versions: Sequence[StudyVersion]
    definitions: Sequence[StudyDefinition]
    modes: list[str]
    who: ColumnElement[bool]
    now: datetime
    with_external_ids: bool = False


@dataclass(frozen=True)
class Table:
    """`ratings` are the columns that hold a construct's value, whatever their names."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Cell, ...]]
    ratings: tuple[str, ...] = ()
