"""What every export is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.contract.base import sha256_of_text
from app.contract.redaction import without_payment
from app.contract.study import StudyDefinition
from app.models import Study, StudyVersion
from app.participation import reading

Format = Literal["long", "wide", "participants", "items", "answers", "paper", "jsonl", "codebook", "parquet"]
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

    @cached_property
    def too_fast(self) -> set[int]:
        """The ids of participants who finished faster than anybody reads; looked for once."""
        return reading.too_fast(self.session, self.who)

    @cached_property
    def consents(self) -> dict[str, str]:
        """For each version the hash of the consent text as stored, and as published: it may hold a code."""
        texts = [
            (one.definition["pages"]["consent"], without_payment(one.definition)["pages"]["consent"])
            for one in self.versions
        ]
        # A preview agrees to the published text.
        return {
            sha256_of_text(one): sha256_of_text(shown) for stored, shown in texts for one in (stored, shown)
        }


@dataclass(frozen=True)
class Table:
    """`ratings` are the columns that hold a construct's value, whatever their names."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Cell, ...]]
    ratings: tuple[str, ...] = ()
