"""What every table of answers says of the person who gave them."""

from typing import Any

from sqlalchemy import Row

from app.exports.base import Cell, Source
from app.exports.queries import NOT_COUNTED

PERSON_COLUMNS = ("study", "version", "participant", "participant_status", "flags", "mode", "counted")


def person_cells(source: Source, row: Row[Any]) -> tuple[Cell, ...]:
    noted = flags(
        is_late=row.is_late,
        failed_checks=row.checks_answered - row.checks_passed,
        is_same_id=row.is_same_id,
        is_too_fast=row.participant_id in source.too_fast,
    )
    return (
        source.study.slug,
        row.version,
        row.pseudonym,
        row.participant_status,
        noted,
        row.mode,
        counts(row.participant_status, is_counted=row.is_counted),
    )


def counts(status: str, *, is_counted: bool) -> bool:
    """Whether somebody's answers are of those that the study counts."""
    return is_counted and status not in NOT_COUNTED


def flags(*, is_late: bool, failed_checks: int, is_same_id: bool = False, is_too_fast: bool = False) -> str:
    """What a reader should know of a participant, separated by semicolons."""
    found = ["late"] * is_late + [f"attention_failed:{failed_checks}"] * bool(failed_checks)
    found += ["same_id"] * is_same_id + ["too_fast"] * is_too_fast
    return ";".join(found)
