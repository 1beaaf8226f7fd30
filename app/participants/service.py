"""What researchers decide of a participant: not to count, or to count instead of another visit."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit import record
from app.errors import Conflict, Invalid, NotFound
from app.models import Participant, Study
from app.participation import dealing, queries

CAN_COUNT = {"active", "dropped", "completed"}
LONGEST_REASON = 300


def exclude(session: Session, slug: str, pseudonym: str, reason: str, now: datetime) -> None:
    """Stop the count of somebody, keep the answers, and note why: reports list the reasons.

    Raises: Invalid without a reason, or for a long one; NotFound for an unknown study or participant;
    Conflict for one that does not count.
    """
    why = as_reason(reason)
    visit = queries.visit(session, participant_of(session, slug, pseudonym).code, now, locked=True)
    if visit.status not in CAN_COUNT:
        raise Conflict(f"'{pseudonym}' is {visit.status} and counts no more.")
    dealing.stop_counting(session, visit)
    record(
        session,
        "participant.excluded",
        f"{slug} {pseudonym}",
        before={"status": visit.status},
        after={"reason": why},
    )
    changes = {"status": "excluded", "exclusion_reason": why}
    session.execute(update(Participant).where(Participant.id == visit.id).values(**changes))


def as_reason(reason: str) -> str:
    """The reason on one line. Raises: Invalid."""
    why = " ".join(reason.replace("\0", "").split())
    if not why:
        raise Invalid("Please write why this participant is excluded; reports list the reasons.")
    if len(why) > LONGEST_REASON:
        raise Invalid(f"Please give the reason in at most {LONGEST_REASON} characters.")
    return why


def count_instead(session: Session, slug: str, pseudonym: str, now: datetime) -> None:
    """Let this visit count, and the other visits of the same id not.

    Raises: NotFound for an unknown study or participant; Conflict for a visit that has no other beside it,
    that counts already, or that has ended without counting.
    """
    chosen = participant_of(session, slug, pseudonym)
    if chosen.is_counted or not chosen.is_same_id:
        raise Conflict(f"'{pseudonym}' counts already, or is the only visit of its id.")
    if chosen.status not in CAN_COUNT:
        raise Conflict(f"'{pseudonym}' is {chosen.status} and cannot count.")
    # Every row is locked before the version is: see service.py on the order of locks.
    visits = {one.id: queries.visit(session, one.code, now, locked=True) for one in same_id(session, chosen)}
    mine = visits.pop(chosen.id)
    if mine.is_counted or mine.status not in CAN_COUNT:
        raise Conflict(f"'{pseudonym}' has just changed. Please look again.")
    given_up = [visit for visit in visits.values() if visit.is_counted]
    for visit in given_up:
        if visit.status in CAN_COUNT:
            dealing.stop_counting(session, visit)
        set_counted(session, visit.id, is_counted=False)
    dealing.start_counting(session, mine)
    set_counted(session, mine.id, is_counted=True)
    record(
        session,
        "participant.counted_instead",
        f"{slug} {pseudonym}",
        before={"counted": [visit.pseudonym for visit in given_up]},
        after={"counted": [pseudonym]},
    )


def participant_of(session: Session, slug: str, pseudonym: str) -> Participant:
    statement = (
        select(Participant)
        .join(Study, Study.id == Participant.study_id)
        .where(Study.slug == slug, Participant.pseudonym == pseudonym)
    )
    one = session.scalar(statement)
    if one is None:
        raise NotFound(f"Study '{slug}' has no participant '{pseudonym}'.")
    return one


def same_id(session: Session, chosen: Participant) -> Sequence[Participant]:
    """All visits of the chosen one's id, itself included, in the order in which locks are taken."""
    is_same = Participant.id == chosen.id
    if chosen.external_id is not None:
        is_same |= Participant.external_id == chosen.external_id
    if chosen.external_hash is not None:
        is_same |= Participant.external_hash == chosen.external_hash
    statement = select(Participant).where(
        Participant.study_id == chosen.study_id, Participant.mode == chosen.mode, is_same
    )
    return session.scalars(statement.order_by(Participant.id)).all()


def set_counted(session: Session, participant_id: int, *, is_counted: bool) -> None:
    changed = {"is_counted": is_counted, "is_same_id": True}
    session.execute(update(Participant).where(Participant.id == participant_id).values(**changed))
