"""The staff's view of who took part; pseudonyms only, in their random order."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Participant
from app.participation.queries import status_now
from app.participation.reading import too_fast


@dataclass(frozen=True)
class ParticipantRow:
    pseudonym: str
    mode: str
    status: str
    items_answered: int
    checks_passed: int
    checks_answered: int
    is_late: bool
    is_same_id: bool
    is_counted: bool
    started_at: datetime
    finished_at: datetime | None
    exclusion_reason: str | None = None
    is_too_fast: bool = False


def some_participants(
    session: Session, study_id: int, now: datetime, offset: int, limit: int
) -> list[ParticipantRow]:
    """Some of a study's participants, by pseudonym."""
    statement = (
        select(
            Participant.pseudonym,
            Participant.mode,
            status_now(now).label("status"),
            Participant.items_answered,
            Participant.checks_passed,
            Participant.checks_answered,
            Participant.is_late,
            Participant.is_same_id,
            Participant.is_counted,
            Participant.started_at,
            Participant.finished_at,
            Participant.exclusion_reason,
            Participant.id,
        )
        .where(Participant.study_id == study_id)
        .order_by(Participant.pseudonym)
        .offset(offset)
        .limit(limit)
    )
    found = session.execute(statement).all()
    fast = too_fast(session, Participant.id.in_([row.id for row in found]))
    return [shown(row._asdict(), fast) for row in found]


def shown(row: dict[str, Any], fast: Collection[int]) -> ParticipantRow:
    return ParticipantRow(is_too_fast=row.pop("id") in fast, **row)
