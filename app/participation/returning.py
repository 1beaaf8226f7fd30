"""Who may go on with an earlier visit of the same external id, and who begins another.

An external id alone opens nothing: ids of platforms stand in published data. Who brings the attempt's id as
well (Prolific's SESSION_ID) is the person of that visit. With another attempt's id, a visit that holds no
answer ends, so that nobody locks an id's owner out by coming first; beside one that holds answers, a second
visit begins that is paid and does not count until staff choose.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import Participant
from app.participation import dealing, queries
from app.participation.known_visits import Known

# What can end without loss when another attempt comes: nobody has answered anything there.
REPLACEABLE = {"active", "dropped"}
# Endings without an answer. A visit of another attempt after these counts as the first one.
UNHEARD = {"declined", "turned_away"}


def same_attempt(visits: Sequence[Known], attempt_id: str | None, attempt_hash: str | None) -> Known | None:
    """The newest visit that this attempt began; None if it began none of them."""
    if attempt_id is None:
        return None
    return next((known for known in visits if began(known, attempt_id, attempt_hash)), None)


def began(known: Known, attempt_id: str, attempt_hash: str | None) -> bool:
    """Visits from before attempts were hashed have the id itself."""
    if known.attempt_hash is not None:
        return known.attempt_hash == attempt_hash
    return known.parameters.get("attempt_id") == attempt_id


def make_room(session: Session, visits: Sequence[Known], now: datetime) -> bool:
    """End the visits of this id that hold no answer, and give their reservations back; whether one stays
    that the new visit stands beside.

    Every row is locked before it is asked again: whoever answers at this very moment keeps the visit.
    """
    known = sorted((one for one in visits if one.status not in UNHEARD), key=lambda one: one.id)
    locked = [queries.visit(session, one.code, now, locked=True) for one in known]
    ending = [visit for visit in locked if visit.status in REPLACEABLE and not visit.has_answers]
    for visit in ending:
        dealing.stop_counting(session, visit)
        ended = {"status": "replaced", "is_counted": False, "finished_at": now}
        session.execute(update(Participant).where(Participant.id == visit.id).values(**ended))
    return len(ending) < len(locked)
