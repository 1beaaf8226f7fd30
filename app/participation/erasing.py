"""Erasing a person: everything they gave, and when, goes; that somebody was there stays.

The stored status becomes withdrawn, so that every rule for who does not count holds; `last_page` says that
the visit was erased, and which page its person still sees. The keyed hashes of id and attempt stay, so that
nobody is dealt a second set, and the visit's code, so that who finished can still be paid.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.audit import record
from app.errors import NotFound
from app.jobs import service as jobs
from app.models import (
    Assignment,
    AuditEvent,
    CheckAnswer,
    Participant,
    QuestionnaireAnswer,
    Rating,
    Response,
    Study,
)
from app.participation import dealing, queries
from app.participation.entry import hash_external_id
from app.participation.flow import ENDINGS, Kind
from app.participation.queries import Visit

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # where the table wants a time and none may be kept
HOLDING = {"active", "dropped", "completed"}  # whose answers or reservations are in items' loads
# What a visit has before its first step; the times that may be empty become so.
FORGOTTEN: dict[str, Any] = {
    "external_id": None,
    "parameters": {},
    "seed": 0,
    "order_row": None,
    "exclusion_reason": None,
    "is_late": False,
    "has_understood": False,
    "has_own_answer": False,
    **dict.fromkeys(
        ("comprehension_attempts", "practice_done", "items_answered", "checks_answered", "checks_passed"), 0
    ),
    "consent_sha256": None,
    **dict.fromkeys(("consented_at", "instructed_at", "dealt_at", "questionnaire_at", "finished_at"), None),
    **dict.fromkeys(("started_at", "last_step_at", "lapses_at"), NO_TIME),
}


def erase(session: Session, visit: Visit, secret: bytes, page: Kind | None = None) -> Kind:
    """Erase a locked visit; the page its person sees from now on. A second time changes nothing."""
    if visit.last_page is not None:
        return Kind(visit.last_page)
    ended = visit.step.kind if visit.step.kind in ENDINGS.values() else Kind.CLOSED
    if visit.status in HOLDING:
        dealing.stop_counting(session, visit)
    delete_answers(session, visit)
    hashed = (
        {"external_hash": hash_external_id(secret, visit.study_id, visit.external_id)}
        if visit.external_id is not None
        else {}
    )
    changes = {**FORGOTTEN, **hashed, "status": "withdrawn", "last_page": str(page or ended)}
    session.execute(update(Participant).where(Participant.id == visit.id).values(**changes))
    scrub_log(session, visit)
    jobs.forget(session, visit.study_id)
    return page or ended


def delete_answers(session: Session, visit: Visit) -> None:
    own = select(Assignment.id).where(Assignment.participant_id == visit.id)
    responses = select(Response.id).where(Response.assignment_id.in_(own))
    session.execute(delete(Rating).where(Rating.response_id.in_(responses)))
    session.execute(delete(Response).where(Response.assignment_id.in_(own)))
    for table in (Assignment, CheckAnswer, QuestionnaireAnswer):
        session.execute(delete(table).where(table.participant_id == visit.id))


def scrub_log(session: Session, visit: Visit) -> None:
    """Note that it happened, and empty the details of what was noted of this person before."""
    subject = f"{visit.slug} {visit.pseudonym}"
    session.execute(update(AuditEvent).where(AuditEvent.subject == subject).values(before={}, after={}))
    record(session, "participant.erased", subject)


def erase_by_pseudonym(session: Session, slug: str, pseudonym: str, secret: bytes, now: datetime) -> None:
    """Erase the person who quotes this id. Raises: NotFound for an unknown study or participant."""
    statement = (
        select(Participant.code)
        .join(Study, Study.id == Participant.study_id)
        .where(Study.slug == slug, Participant.pseudonym == pseudonym)
    )
    code = session.scalar(statement)
    if code is None:
        raise NotFound(f"Study '{slug}' has no participant '{pseudonym}'.")
    erase(session, queries.visit(session, code, now, locked=True), secret)
