from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Assignment, Condition, Item, Participant, Rating, Response


def dealt_conditions(session: Session, code: str) -> dict[int, str]:
    """Position → condition key of what a participant was dealt; the pages never tell."""
    statement = (
        select(Assignment.position, Condition.key)
        .join(Participant, Participant.id == Assignment.participant_id)
        .join(Item, Item.id == Assignment.item_id)
        .join(Condition, Condition.id == Item.condition_id)
        .where(Participant.code == code)
    )
    return dict(session.execute(statement).all())


@dataclass(frozen=True)
class Stored:
    """What the database holds of one participant: position → construct → value; `twice` counts values
    beyond the first of their kind.
    """

    status: str
    is_late: bool
    ratings: dict[int, dict[str, int]]
    twice: int


def stored(session: Session, code: str) -> Stored | None:
    found = session.execute(
        select(Participant.status, Participant.is_late).where(Participant.code == code)
    ).one_or_none()
    if found is None:
        return None
    statement = (
        select(Assignment.position, Rating.construct, Rating.value)
        .join(Response, Response.id == Rating.response_id)
        .join(Assignment, Assignment.id == Response.assignment_id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .where(Participant.code == code)
    )
    ratings: dict[int, dict[str, int]] = {}
    twice = 0
    for position, construct, value in session.execute(statement):
        twice += construct in ratings.setdefault(position, {})
        ratings[position][construct] = value
    return Stored(found.status, found.is_late, ratings, twice)
