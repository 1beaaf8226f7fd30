"""Studies of several versions, whose answers are written into the database at once: no page is walked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.versions import COUNTING
from app.models import (
    Assignment,
    Bundle,
    Condition,
    Item,
    Participant,
    QuestionSet,
    Rating,
    Response,
    StudyVersion,
)
from app.studies import service
from tests.factories import make_bundle, make_condition, make_definition, make_study

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
FOUR = {"set": "set", "draw": {"count": 4, "seed": 1}}
OTHER_TEXTS = [make_condition("one") | {"source": {"bundle": "bundle-other"}}, make_condition("two")]
WORDS = ["no", "rather no", "rather yes", "yes", "very much"]


def on(day: int) -> datetime:
    return BEGUN + timedelta(days=day)


def make_first(session: Session, **changes: Any) -> None:
    """The small study with four questions in two conditions; frozen on day 0."""
    make_study(session, in_set=4, **changes)
    freeze_on(session, 0)


def make_next(session: Session, day: int, **changes: Any) -> None:
    """The next version, frozen on that day; a bundle that is not there yet explains in its own words."""
    definition = make_definition(**{"questions": FOUR, **changes})
    known = set(session.scalars(select(Bundle.name)))
    for condition in definition.conditions:
        name = condition.source.model_dump()["bundle"]
        if name not in known:
            make_bundle(session, session.scalars(select(QuestionSet)).one(), name)
    service.save_draft(session, definition)
    service.launch(session, definition.slug)
    freeze_on(session, day)


def freeze_on(session: Session, day: int) -> None:
    newest = session.scalars(select(StudyVersion).order_by(StudyVersion.number.desc())).first()
    assert newest is not None
    newest.frozen_at = on(day)
    session.flush()


def take_part(
    session: Session,
    name: str,
    *,
    version: int = 1,
    values: Sequence[int] = (4, 2, 3, 5),
    day: int = 1,
    **changes: Any,
) -> None:
    """Somebody who rated the first texts of a version, both conditions by turns, and completed it.

    `values`: of each response, the same in all constructs. `changes` by column of the participant.
    """
    frozen = session.scalars(select(StudyVersion).where(StudyVersion.number == version)).one()
    fields: dict[str, Any] = {
        "study_id": frozen.study_id,
        "version_id": frozen.id,
        "code": f"code-{name}",
        "pseudonym": name,
        "mode": "people",
        "is_counted": True,
        "status": "completed",
        "parameters": {},
        "seed": 1,
        "items_answered": len(values),
        "consented_at": on(day),
        **dict.fromkeys(("started_at", "last_step_at"), on(day)),
        "lapses_at": datetime(2100, 1, 1, tzinfo=UTC),
    }
    person = Participant(**(fields | changes))
    session.add(person)
    session.flush()
    constructs = [one["key"] for one in frozen.definition["constructs"]]
    for position, item in enumerate(items_by_turns(session, frozen), 1):
        place = Assignment(
            participant_id=person.id, item_id=item.id, question_id=item.question_id, position=position
        )
        session.add(place)
        session.flush()
        if position > len(values):
            continue
        place.state = "answered"
        item.answered += int(person.status in COUNTING)
        answer = Response(assignment_id=place.id, submitted_at=on(day), duration_ms=1000)
        session.add(answer)
        session.flush()
        rated = values[position - 1]
        session.add_all(Rating(response_id=answer.id, construct=key, value=rated) for key in constructs)
    session.flush()


def items_by_turns(session: Session, version: StudyVersion) -> list[Item]:
    """The first question in the first condition, the second in the second, and so on."""
    statement = select(Item, Condition.position).join(Condition, Condition.id == Item.condition_id)
    found = session.execute(statement.where(Item.version_id == version.id).order_by(Item.id)).all()
    questions = sorted({item.question_id for item, _ in found})
    conditions = sorted({position for _, position in found})
    return [
        next(
            item
            for item, position in found
            if (item.question_id, position) == (question, conditions[number % len(conditions)])
        )
        for number, question in enumerate(questions)
    ]
