"""Visits that an external id or a code already has in a study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Participant
from app.participation.queries import OpenStudy, participant


@dataclass(frozen=True)
class Known:
    """A visit there is already, as far as it matters at the door."""

    id: int
    code: str
    mode: str
    status: str
    external_id: str | None
    external_hash: str | None
    attempt_hash: str | None
    parameters: Mapping[str, str]
    visit_number: int


KNOWN = select(*(participant.c[name] for name in Known.__dataclass_fields__))


def visits_of(
    session: Session, study: OpenStudy, mode: str, spelled: Sequence[str], hashed: Sequence[str]
) -> list[Known]:
    """The visits of this study and mode with one of these external ids or hashes, the newest first."""
    statement = KNOWN.where(
        Participant.study_id == study.id,
        Participant.mode == mode,
        Participant.external_id.in_(spelled) | Participant.external_hash.in_(hashed),
    )
    return [
        Known(**row._asdict()) for row in session.execute(statement.order_by(Participant.visit_number.desc()))
    ]


def find_by_code(session: Session, study: OpenStudy, code: str) -> Known | None:
    statement = KNOWN.where(Participant.study_id == study.id, Participant.code == code)
    row = session.execute(statement).one_or_none()
    return Known(**row._asdict()) if row else None
