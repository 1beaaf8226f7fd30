"""Excluding a participant: a researcher's decision that stops the count and keeps the answers."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit import record
from app.errors import Conflict, NotFound
from app.models import Participant, Study
from app.participation import dealing, queries


def exclude(session: Session, slug: str, pseudonym: str, now: datetime) -> None:
    """Raises: NotFound for an unknown study or participant; Conflict for one that does not count."""
    statement = (
        select(Participant.code)
        .join(Study, Study.id == Participant.study_id)
        .where(Study.slug == slug, Participant.pseudonym == pseudonym)
    )
    code = session.scalar(statement)
    if code is None:
        raise NotFound(f"Study '{slug}' has no participant '{pseudonym}'.")
    visit = queries.visit(session, code, now, locked=True)
    if visit.status not in {"active", "dropped", "completed"}:
        raise Conflict(f"'{pseudonym}' is {visit.status} and counts no more.")
    dealing.stop_counting(session, visit)
    record(session, "participant.excluded", f"{slug} {pseudonym}", {"status": visit.status})
    session.execute(update(Participant).where(Participant.id == visit.id).values(status="excluded"))
