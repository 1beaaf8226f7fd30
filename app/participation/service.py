"""What a participant does, each in one transaction of the caller's.

Locks are taken in one order everywhere, so that none can deadlock: the participant's row, then the
version's (whoever changes more than one item holds it), then items in ascending order.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.orm import Session

from app.contract.base import sha256_of_text
from app.models import (
    Assignment,
    CheckAnswer,
    Item,
    Participant,
    QuestionnaireAnswer,
    Rating,
    Response,
)
from app.participation import dealing, erasing, queries
from app.participation.entry import hash_external_id
from app.participation.flow import Kind, Step, asked_label
from app.participation.queries import CurrentItem, Visit

participant = cast("Table", Participant.__table__)
assignment = cast("Table", Assignment.__table__)
item = cast("Table", Item.__table__)

SET_PARTICIPANT = update(participant).where(participant.c.id == bindparam("participant_id"))
SET_ASSIGNMENT = update(assignment).where(assignment.c.id == bindparam("assignment_id"))
COUNT_ANSWER = (
    update(item)
    .where(item.c.id == bindparam("item_id"))
    .values(answered=item.c.answered + 1, reserved=item.c.reserved - 1)
)
ADD_RESPONSE = insert(cast("Table", Response.__table__))
ADD_RATINGS = insert(cast("Table", Rating.__table__))


def advance(session: Session, visit: Visit, **changes: Any) -> Step:  # noqa: ANN401  # columns of participant
    """Record a submitted step: new deadline, coming back late, dealing the items, finishing."""
    design = visit.study.definition.design
    changes["last_step_at"] = visit.now
    changes["lapses_at"] = visit.now + timedelta(minutes=design.reservation_minutes)
    known = {key: value for key, value in changes.items() if key in Visit.__dataclass_fields__}
    after = replace(visit, **known)
    if after.step.kind in {Kind.OWN_ANSWER, Kind.ITEM, Kind.CHECK} and after.dealt_at is None:
        dealt = dealing.deal(session, after)
        changes |= dealt
        after = replace(after, **{key: value for key, value in dealt.items() if key != "finished_at"})
    if after.step.kind is Kind.COMPLETED and after.status != "completed":
        changes |= {"status": "completed", "finished_at": visit.now}
    session.execute(SET_PARTICIPANT, {"participant_id": visit.id, **changes})
    return after.step


def open_visit(session: Session, code: str, now: datetime) -> Visit:
    """The visit, locked for a submission. Who comes back after the reservations lapsed, but in time,
    gets the same items reserved again and is flagged late. The deadline moves with it: dealing sweeps up
    everyone whose deadline is over, and must not take this very visit for one who has gone.
    """
    visit = queries.visit(session, code, now, locked=True)
    has_lapsed = visit.status == "dropped" or visit.lapses_at < now
    if visit.status not in {"active", "dropped"} or visit.step.kind is Kind.CLOSED or not has_lapsed:
        return visit
    is_late = visit.is_late or visit.dealt_at is not None
    if visit.status == "dropped":
        dealing.reserve_again(session, visit)
    back: dict[str, Any] = {
        "status": "active",
        "is_late": is_late,
        "lapses_at": now + timedelta(minutes=visit.study.definition.design.reservation_minutes),
    }
    session.execute(SET_PARTICIPANT, {"participant_id": visit.id, **back})
    return replace(visit, **back)


def agree(session: Session, visit: Visit) -> Step:
    consent = sha256_of_text(visit.study.definition.pages.consent)
    return advance(session, visit, consented_at=visit.now, consent_sha256=consent)


def decline(session: Session, visit: Visit, secret: bytes) -> Step:
    """Keep of who declines no more than a keyed hash of the external id."""
    hashed = visit.external_id and hash_external_id(secret, visit.study_id, visit.external_id)
    return advance(
        session,
        visit,
        status="declined",
        finished_at=visit.now,
        external_id=None,
        external_hash=hashed,
        parameters={},
    )


def read_instructions(session: Session, visit: Visit) -> Step:
    return advance(session, visit, instructed_at=visit.now)


def answer_comprehension(session: Session, visit: Visit, given: Mapping[int, int]) -> Step:
    """Store one attempt, question → option (both from 0); after the last failed one it ends."""
    comprehension = visit.study.definition.comprehension
    assert comprehension is not None  # noqa: S101  # the step exists only where the definition has it
    attempt = visit.comprehension_attempts + 1
    answers = [
        {
            "participant_id": visit.id,
            "kind": "comprehension",
            "attempt": attempt,
            "number": number,
            "asked": question.options[question.correct],
            "given": question.options[given[number]],
            "is_correct": given[number] == question.correct,
            "submitted_at": visit.now,
        }
        for number, question in enumerate(comprehension.questions)
    ]
    session.execute(insert(CheckAnswer), answers)
    if all(answer["is_correct"] for answer in answers):
        return advance(session, visit, comprehension_attempts=attempt, has_understood=True)
    if attempt >= comprehension.attempts:
        return advance(
            session, visit, comprehension_attempts=attempt, status="screened_out", finished_at=visit.now
        )
    return advance(session, visit, comprehension_attempts=attempt)


def practise(session: Session, visit: Visit) -> Step:
    """Go on from a practice item; its ratings are not stored."""
    return advance(session, visit, practice_done=visit.practice_done + 1)


def give_own_answer(session: Session, visit: Visit, current: CurrentItem, choice: int) -> Step:
    own = current.choices[choice]
    session.execute(SET_ASSIGNMENT, {"assignment_id": current.assignment_id, "own_answer": own})
    return advance(session, visit, has_own_answer=True)


def rate(
    session: Session,
    visit: Visit,
    ratings: Mapping[str, int],
    shown_at: datetime | None,
    comment: str | None,
) -> Step:
    """Store the response and its ratings (construct → value), count it, and go on."""
    assignment_id, item_id = queries.current_assignment(session, visit)
    duration_ms = None if shown_at is None else duration_in_ms(shown_at, visit.now)
    response = {
        "assignment_id": assignment_id,
        "shown_at": shown_at,
        "submitted_at": visit.now,
        "duration_ms": duration_ms,
        "comment": comment,
    }
    added = session.execute(ADD_RESPONSE, response)
    response_id = added.inserted_primary_key[0]  # type: ignore[attr-defined]  # a cursor result, by Core
    session.execute(
        ADD_RATINGS,
        [
            {"response_id": response_id, "construct": construct, "value": value}
            for construct, value in ratings.items()
        ],
    )
    session.execute(SET_ASSIGNMENT, {"assignment_id": assignment_id, "state": "answered"})
    if visit.is_counted:
        session.execute(COUNT_ANSWER, {"item_id": item_id})
    return advance(session, visit, items_answered=visit.items_answered + 1, has_own_answer=False)


def duration_in_ms(start: datetime, end: datetime) -> int:
    """Whole milliseconds, at most what the column holds (24 days)."""
    return min(max(round((end - start).total_seconds() * 1000), 0), 2**31 - 1)


def answer_check(session: Session, visit: Visit, labels: tuple[str, ...], given: int) -> Step:
    """Store the answer (from 1) to the attention check that is due; any answer goes on."""
    number = visit.checks_answered + 1
    asked = asked_label(labels, number, visit.seed)
    answer = {
        "participant_id": visit.id,
        "kind": "attention",
        "attempt": 1,
        "number": number,
        "asked": labels[asked - 1],
        "given": labels[given - 1],
        "is_correct": given == asked,
        "submitted_at": visit.now,
    }
    session.execute(insert(CheckAnswer), answer)
    passed = visit.checks_passed + (given == asked)
    return advance(session, visit, checks_answered=number, checks_passed=passed)


def answer_questionnaire(session: Session, visit: Visit, answers: Mapping[str, str]) -> Step:
    """Store what was answered; whatever was left out stays unanswered."""
    rows = [
        {"participant_id": visit.id, "key": key, "value": value} for key, value in answers.items() if value
    ]
    if rows:
        session.execute(insert(QuestionnaireAnswer), rows)
    return advance(session, visit, questionnaire_at=visit.now)


def leave(session: Session, visit: Visit, secret: bytes, *, erase: bool) -> Step:
    """End a visit at the participant's wish; who has not consented yet declines by leaving."""
    if visit.consented_at is None:
        return decline(session, visit, secret)
    if erase:
        return Step(erasing.erase(session, visit, secret, Kind.WITHDRAWN))
    dealing.stop_counting(session, visit)
    return advance(session, visit, status="withdrawn", finished_at=visit.now)
