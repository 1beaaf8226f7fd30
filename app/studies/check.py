"""Recount a study from its rows and compare: counters, completeness, hashes and balance."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.contract.answers import is_same_answer
from app.contract.base import sha256_of, sha256_of_text
from app.errors import Conflict
from app.models import (
    Assignment,
    Condition,
    Item,
    OrderRow,
    Participant,
    Rating,
    Response,
    Study,
    StudyVersion,
)
from app.studies.queries import latest_version, study_by_slug
from app.studies.stimulus import SHOWN, stimulus_sha256

COUNTS = (Participant.is_counted, Participant.status.not_in(["withdrawn", "excluded"]))


@dataclass(frozen=True)
class Check:
    """`problems` is empty when every count is right. Spreads are most minus least over the latest
    version: of counted answers per item, and of completed participants per condition × position.
    """

    problems: list[str]
    participants: int
    completed: int
    responses: int
    ratings: int
    items: int
    target: int
    least_answers: int
    most_answers: int
    position_spread: int


def check(session: Session, slug: str) -> Check:
    """Raises: NotFound; Conflict for a study that was never launched."""
    study = study_by_slug(session, slug)
    version = latest_version(session, study.id)
    if version is None:
        raise Conflict(f"Study '{slug}' was never launched; there is nothing to check yet.")
    answers = session.scalars(select(Item.answered).where(Item.version_id == version.id)).all()
    return Check(
        problems=list(problems(session, study)),
        participants=count(session, Participant.study_id == study.id),
        completed=count(session, Participant.study_id == study.id, Participant.status == "completed"),
        responses=len(response_sizes(session, study)),
        ratings=sum(response_sizes(session, study).values()),
        items=len(answers),
        target=version.definition["design"]["ratings_per_item"],
        least_answers=min(answers),
        most_answers=max(answers),
        position_spread=position_spread(session, version),
    )


def count(session: Session, *where: Any) -> int:  # noqa: ANN401  # SQL conditions
    return session.scalar(select(func.count()).select_from(Participant).where(*where)) or 0


def problems(session: Session, study: Study) -> Iterator[str]:
    for version in session.scalars(select(StudyVersion).where(StudyVersion.study_id == study.id)):
        yield from load_problems(session, version)
        yield from row_problems(session, version)
        yield from hash_problems(session, version)
    yield from stuck_problems(session, study)
    yield from progress_problems(session, study)
    yield from rating_problems(session, study)


def load_problems(session: Session, version: StudyVersion) -> Iterator[str]:
    """Say where an item's counters differ from a count of the assignments themselves."""
    for state, column in (("answered", Item.answered), ("reserved", Item.reserved)):
        counted = dict(
            session.execute(
                select(Assignment.item_id, func.count())
                .join(Participant, Participant.id == Assignment.participant_id)
                .where(Participant.version_id == version.id, Assignment.state == state, *COUNTS)
                .group_by(Assignment.item_id)
            ).all()
        )
        for item_id, kept in session.execute(select(Item.id, column).where(Item.version_id == version.id)):
            if kept != counted.get(item_id, 0):
                yield f"item {item_id}: {kept} {state} kept, {counted.get(item_id, 0)} counted"


def stuck_problems(session: Session, study: Study) -> Iterator[str]:
    """Say how many items are reserved for people who have gone: nobody would ever take them back."""
    stuck = session.scalar(
        select(func.count())
        .select_from(Assignment)
        .join(Participant, Participant.id == Assignment.participant_id)
        .where(
            Participant.study_id == study.id, Participant.status != "active", Assignment.state == "reserved"
        )
    )
    if stuck:
        yield f"{stuck} items are reserved for participants who are not on course"


def row_problems(session: Session, version: StudyVersion) -> Iterator[str]:
    on_course = select(Participant.order_row, func.count()).where(
        Participant.version_id == version.id,
        Participant.is_counted,
        Participant.status.in_(["active", "completed"]),
        Participant.order_row.is_not(None),
    )
    counted = dict(session.execute(on_course.group_by(Participant.order_row)).all())
    kept = session.execute(select(OrderRow.row, OrderRow.uses).where(OrderRow.version_id == version.id))
    for row, uses in kept:
        if uses != counted.get(row, 0):
            yield f"order row {row}: {uses} kept, {counted.get(row, 0)} counted"


def hash_problems(session: Session, version: StudyVersion) -> Iterator[str]:
    if sha256_of(version.definition) != version.definition_sha256:
        yield f"version {version.number}: the definition is not the one that was frozen"
    hashes: dict[int, list[str]] = {}
    for item in session.scalars(select(Item).where(Item.version_id == version.id).order_by(Item.id)):
        shown = {key: getattr(item, key) for key in SHOWN}
        if (
            stimulus_sha256(shown) != item.sha256
            or sha256_of_text(item.explanation) != item.explanation_sha256
        ):
            yield f"item {item.id}: its text is not the one that was frozen"
        if item.is_answer_correct != is_same_answer(item.answer, item.correct_answer):
            yield f"item {item.id}: whether its answer is right is not what was frozen"
        hashes.setdefault(item.condition_id, []).append(item.sha256)
    frozen = {
        "definition": version.definition_sha256,
        "items": list(hashes.values()),
        "number": version.number,
    }
    if sha256_of(frozen) != version.sha256:
        yield f"version {version.number}: its items are not the ones that were frozen"


def progress_problems(session: Session, study: Study) -> Iterator[str]:
    """Say whose count of answered items differs from the responses there are."""
    counted = (
        select(Participant.pseudonym, Participant.items_answered, func.count(Response.id))
        .outerjoin(Assignment, Assignment.participant_id == Participant.id)
        .outerjoin(Response, Response.assignment_id == Assignment.id)
        .where(Participant.study_id == study.id, Participant.status != "withdrawn")
        .group_by(Participant.id, Participant.pseudonym, Participant.items_answered)
    )
    for pseudonym, kept, responses in session.execute(counted):
        if kept != responses:
            yield f"participant {pseudonym}: {kept} items answered by its row, {responses} responses stored"
    unanswered = (
        select(func.count())
        .select_from(Assignment)
        .join(Participant, Participant.id == Assignment.participant_id)
        .outerjoin(Response, Response.assignment_id == Assignment.id)
        .where(Participant.study_id == study.id)
        .where((Assignment.state == "answered") != Response.id.is_not(None))
    )
    wrong = session.scalar(unanswered)
    if wrong:
        yield f"{wrong} assignments whose state and response disagree"


def response_sizes(session: Session, study: Study) -> dict[int, int]:
    """Response id → number of its ratings."""
    statement = (
        select(Response.id, func.count(Rating.construct))
        .join(Assignment, Assignment.id == Response.assignment_id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .outerjoin(Rating, Rating.response_id == Response.id)
        .where(Participant.study_id == study.id)
        .group_by(Response.id)
    )
    return dict(session.execute(statement).all())


def rating_problems(session: Session, study: Study) -> Iterator[str]:
    """Say how many responses lack ratings: each must have one for each construct of some version."""
    definitions = session.scalars(select(StudyVersion.definition).where(StudyVersion.study_id == study.id))
    sizes = {len(definition["constructs"]) for definition in definitions}
    incomplete = [response for response, size in response_sizes(session, study).items() if size not in sizes]
    if incomplete:
        yield f"{len(incomplete)} responses without all their ratings"


def position_spread(session: Session, version: StudyVersion) -> int:
    statement = (
        select(Condition.key, Assignment.position)
        .join(Item, Item.condition_id == Condition.id)
        .join(Assignment, Assignment.item_id == Item.id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .where(
            Participant.version_id == version.id, Participant.status == "completed", Participant.is_counted
        )
    )
    counts = Counter((key, position) for key, position in session.execute(statement))
    keys = session.scalars(select(Condition.key).where(Condition.version_id == version.id)).all()
    positions = {position for _, position in counts}
    cells = [counts[key, position] for key in keys for position in positions]
    return max(cells) - min(cells) if cells else 0
