"""Dealing items to participants and taking them back: the part of the path that changes many loads.

Everything here holds the version's lock, so two participants never plan on the same loads.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.models import Assignment, Item, OrderRow, Participant, StudyVersion
from app.participation import queries
from app.participation.assignment import (
    ItemLoad,
    NotEnoughQuestionsError,
    plan_assignments,
)
from app.participation.order import balanced_order, least_used_row, shuffled_order
from app.participation.queries import Visit

item = cast("Table", Item.__table__)
LAPSED_AT_ONCE = 8
CHANGE_LOAD = (
    update(item)
    .where(item.c.id == bindparam("item_id"))
    .values(
        answered=item.c.answered + bindparam("answered_by"),
        reserved=item.c.reserved + bindparam("reserved_by"),
    )
)


def lock_version(session: Session, version_id: int) -> None:
    session.execute(
        select(StudyVersion.id).where(StudyVersion.id == version_id).with_for_update(key_share=True)
    )


def deal(session: Session, visit: Visit) -> dict[str, Any]:
    """Reserve this participant's items; the columns of the participant that change.

    A study that closes when full turns away whoever comes after every item has its target of answers; a
    preview is for looking, so it goes on.
    """
    lock_version(session, visit.version_id)
    lapse_expired(session, visit.version_id, visit.now)
    design = visit.study.definition.design
    may_close = design.when_full == "close" and not visit.is_preview
    if may_close and queries.is_full(session, visit.version_id, design.ratings_per_item):
        return {"status": "turned_away", "finished_at": visit.now}
    ordered, row = plan(session, visit)
    session.execute(
        insert(Assignment),
        [
            {
                "participant_id": visit.id,
                "item_id": chosen.item_id,
                "question_id": chosen.question_id,
                "position": position,
                "state": "reserved",
            }
            for position, chosen in enumerate(ordered, 1)
        ],
    )
    if visit.is_counted:
        change_loads(session, {chosen.item_id: (0, 1) for chosen in ordered})
        use_row(session, visit.version_id, row, 1)
    return {"dealt_at": visit.now, "order_row": row}


def plan(session: Session, visit: Visit) -> tuple[Sequence[ItemLoad], str | None]:
    """The participant's items in order, and the row of the square they follow."""
    definition = visit.study.definition
    loads = queries.item_loads(session, visit.version_id)
    try:
        planned = plan_assignments(
            loads, definition.conditions_per_participant, definition.design.items_per_condition, visit.seed
        )
    except NotEnoughQuestionsError as error:
        raise Conflict(f"This study cannot go on: {error} Please tell the study team.") from error
    if definition.design.order == "shuffled":
        return shuffled_order(planned, visit.seed), None
    conditions = sorted(planned)
    square = ".".join(str(condition) for condition in conditions)
    uses = queries.row_uses(session, visit.version_id, square)
    row = least_used_row(len(conditions), uses, visit.seed)
    return balanced_order(planned, conditions, row, visit.seed), f"{square}/{row}"


def change_loads(session: Session, changes: Mapping[int, tuple[int, int]]) -> None:
    """Add (answered, reserved) to items, in ascending order of their ids."""
    rows = [
        {"item_id": item_id, "answered_by": answered, "reserved_by": reserved}
        for item_id, (answered, reserved) in sorted(changes.items())
    ]
    if rows:
        session.execute(CHANGE_LOAD, rows)


def use_row(session: Session, version_id: int, row: str | None, by: int) -> None:
    if row is None:
        return
    mine = (OrderRow.version_id == version_id, OrderRow.row == row)
    if session.scalar(select(OrderRow.row).where(*mine)) is None:
        session.execute(insert(OrderRow), {"version_id": version_id, "row": row, "uses": 0})
    session.execute(update(OrderRow).where(*mine).values(uses=OrderRow.uses + by))


def lapse_expired(session: Session, version_id: int, now: datetime) -> int:
    """Take back what people who stopped in the middle hold; how many they were.

    At most LAPSED_AT_ONCE of them, those that are over longest: one click must not wait for everybody who
    ever left. The rest is for the next ones; until then their places count as held, as they did before.
    People who are submitting at this moment are skipped: they are not gone.
    """
    expired = (
        select(Participant.id, Participant.is_counted, Participant.order_row)
        .where(
            Participant.version_id == version_id, Participant.status == "active", Participant.lapses_at < now
        )
        .order_by(Participant.lapses_at, Participant.id)
        .limit(LAPSED_AT_ONCE)
        .with_for_update(skip_locked=True, key_share=True)
    )
    gone = session.execute(expired).all()
    for participant_id, is_counted, row in gone:
        take_back(session, participant_id, is_counted=is_counted)
        if is_counted:
            use_row(session, version_id, row, -1)
        session.execute(update(Participant).where(Participant.id == participant_id).values(status="dropped"))
    return len(gone)


def take_back(session: Session, participant_id: int, *, is_counted: bool) -> None:
    held = (Assignment.participant_id == participant_id, Assignment.state == "reserved")
    if is_counted:
        items = session.scalars(select(Assignment.item_id).where(*held)).all()
        change_loads(session, dict.fromkeys(items, (0, -1)))
    session.execute(update(Assignment).where(*held).values(state="lapsed"))


def reserve_again(session: Session, visit: Visit) -> None:
    """Give a participant who came back in time the same items at the same positions."""
    lock_version(session, visit.version_id)
    lapsed = (Assignment.participant_id == visit.id, Assignment.state == "lapsed")
    items = session.scalars(select(Assignment.item_id).where(*lapsed)).all()
    session.execute(update(Assignment).where(*lapsed).values(state="reserved"))
    if visit.is_counted:
        change_loads(session, dict.fromkeys(items, (0, 1)))
        use_row(session, visit.version_id, visit.order_row, 1)


def start_counting(session: Session, visit: Visit) -> None:
    """Put an uncounted participant's answers and reservations into the loads: what stop_counting undoes."""
    lock_version(session, visit.version_id)
    held = select(Assignment.item_id, Assignment.state).where(Assignment.participant_id == visit.id)
    changes = {
        item_id: (1, 0) if state == "answered" else (0, 1)
        for item_id, state in session.execute(held.where(Assignment.state != "lapsed"))
    }
    change_loads(session, changes)
    if visit.status != "dropped":
        use_row(session, visit.version_id, visit.order_row, 1)


def stop_counting(session: Session, visit: Visit) -> None:
    """Take a participant's answers and reservations out of every load, as for one who was never there."""
    lock_version(session, visit.version_id)
    if visit.is_counted:
        states: Counter[tuple[int, str]] = Counter(
            (item_id, state)
            for item_id, state in session.execute(
                select(Assignment.item_id, Assignment.state).where(Assignment.participant_id == visit.id)
            )
        )
        changes = {
            item_id: (-1, 0) if state == "answered" else (0, -1)
            for item_id, state in states
            if state != "lapsed"
        }
        change_loads(session, changes)
        if visit.status != "dropped":
            use_row(session, visit.version_id, visit.order_row, -1)
    session.execute(
        update(Assignment)
        .where(Assignment.participant_id == visit.id, Assignment.state == "reserved")
        .values(state="lapsed")
    )
