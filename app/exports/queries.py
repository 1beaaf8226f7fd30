"""What an export reads, as streams: rows come from the database as they are written out."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, case, cast, func, select
from sqlalchemy.orm import Session, aliased

from app.models import (
    Assignment,
    CheckAnswer,
    Condition,
    Item,
    Participant,
    QuestionnaireAnswer,
    Rating,
    Response,
    Study,
    StudyVersion,
)
from app.participation.queries import status_now

CHUNK = 1_000
NOT_COUNTED = (
    "excluded",
    "withdrawn",
    "erased",
)  # statuses of those who do not count, whatever they answered


def stream(session: Session, statement: Select[*tuple[Any, ...]]) -> Iterator[Row[Any]]:
    return iter(session.execute(statement.execution_options(yield_per=CHUNK)))


def chosen(
    study: Study, *, include_synthetic: bool = False, include_uncounted: bool = False
) -> ColumnElement[bool]:
    """Whose rows are read: who counts in the study, and on request who does not."""
    mine = Participant.study_id == study.id
    if include_uncounted:
        return mine
    if include_synthetic:
        return mine & (Participant.is_counted | (Participant.mode == "synthetic"))
    return mine & Participant.is_counted


def rated(session: Session, who: ColumnElement[bool], now: datetime) -> Iterator[Row[Any]]:
    """One row per response, by pseudonym (a random order) and position; `values_of` reads its `ratings`.

    All ratings of a response come in one text: a row for each would cost five times as much to fetch.
    """
    pair = Rating.construct + ":" + cast(Rating.value, String)
    together = select(func.aggregate_strings(pair, ",")).where(Rating.response_id == Response.id)
    statement = (
        select(
            *person(now),
            Condition.key.label("condition"),
            Condition.label.label("condition_label"),
            Item.id.label("item"),
            Item.question_key.label("question_id"),
            Assignment.position,
            Assignment.own_answer,
            Response.comment,
            together.correlate(Response).scalar_subquery().label("ratings"),
            Item.is_answer_correct,
            Response.shown_at,
            Response.submitted_at,
            Response.duration_ms,
        )
        .join_from(Response, Assignment, Assignment.id == Response.assignment_id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .join(StudyVersion, StudyVersion.id == Participant.version_id)
        .join(Item, Item.id == Assignment.item_id)
        .join(Condition, Condition.id == Item.condition_id)
        .where(who)
        .order_by(Participant.pseudonym, Assignment.position)
    )
    return stream(session, statement)


def person(now: datetime) -> tuple[Any, ...]:
    """The columns that tell of a person, beside what they answered."""
    return (
        StudyVersion.number.label("version"),
        Participant.id.label("participant_id"),
        Participant.pseudonym,
        status_now(now).label("participant_status"),
        Participant.is_late,
        Participant.is_same_id,
        Participant.checks_answered,
        Participant.checks_passed,
        Participant.mode,
        Participant.is_counted,
    )


def own_answers(session: Session, who: ColumnElement[bool], now: datetime) -> Iterator[Row[Any]]:
    """One row per own answer, whether the item was rated after it or not."""
    statement = (
        select(
            *person(now),
            Item.id.label("item"),
            Item.question_key.label("question_id"),
            Item.correct_answer,
            Assignment.position,
            Assignment.own_answer,
        )
        .join_from(Assignment, Participant, Participant.id == Assignment.participant_id)
        .join(StudyVersion, StudyVersion.id == Participant.version_id)
        .join(Item, Item.id == Assignment.item_id)
        .where(who, Assignment.own_answer.is_not(None))
        .order_by(Participant.pseudonym, Assignment.position)
    )
    return stream(session, statement)


def check_answers(session: Session, who: ColumnElement[bool], now: datetime) -> Iterator[Row[Any]]:
    """One row per answer to a comprehension question or an attention check; numbers from 1."""
    shown = case((CheckAnswer.kind == "comprehension", CheckAnswer.number + 1), else_=CheckAnswer.number)
    statement = (
        select(
            *person(now),
            CheckAnswer.kind,
            CheckAnswer.attempt,
            shown.label("number"),
            CheckAnswer.given,
            CheckAnswer.asked,
            CheckAnswer.is_correct,
            CheckAnswer.submitted_at,
        )
        .join_from(CheckAnswer, Participant, Participant.id == CheckAnswer.participant_id)
        .join(StudyVersion, StudyVersion.id == Participant.version_id)
        .where(who)
        .order_by(Participant.pseudonym, CheckAnswer.kind, CheckAnswer.attempt, CheckAnswer.number)
    )
    return stream(session, statement)


def values_of(row: Row[Any]) -> dict[str, int]:
    """Construct → value; a construct's key holds neither a colon nor a comma."""
    pairs = (pair.split(":") for pair in (row.ratings or "").split(",") if pair)
    return {construct: int(value) for construct, value in pairs}


def counts(session: Session, who: ColumnElement[bool]) -> tuple[int, int]:
    """How many ratings and responses there are."""
    responses = (
        select(Response.id)
        .join(Assignment, Assignment.id == Response.assignment_id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .where(who)
        .subquery()
    )
    ratings = select(func.count()).select_from(Rating).join(responses, responses.c.id == Rating.response_id)
    return (
        session.scalar(ratings) or 0,
        session.scalar(select(func.count()).select_from(responses)) or 0,
    )


def has_at_most(session: Session, study_id: int, most: int) -> bool:
    """Whether a study has no more participants than that, and no more responses, whoever they are of."""
    people = select(Participant.id).where(Participant.study_id == study_id)
    responses = select(Response.id).join(Assignment, Assignment.id == Response.assignment_id)
    responses = responses.join(Participant, Participant.id == Assignment.participant_id)
    responses = responses.where(Participant.study_id == study_id)
    counted = [
        select(func.count()).select_from(some.limit(most + 1).subquery()) for some in (people, responses)
    ]
    return all((session.scalar(count) or 0) <= most for count in counted)


def participants(session: Session, who: ColumnElement[bool], now: datetime) -> Iterator[Row[Any]]:
    """One row per participant × questionnaire answer (at least one), by pseudonym."""
    statement = (
        select(
            StudyVersion.number.label("version"),
            Participant,
            status_now(now).label("participant_status"),
            QuestionnaireAnswer.key,
            QuestionnaireAnswer.value,
        )
        .join_from(Participant, StudyVersion, StudyVersion.id == Participant.version_id)
        .outerjoin(QuestionnaireAnswer, QuestionnaireAnswer.participant_id == Participant.id)
        .where(who)
        .order_by(Participant.pseudonym, QuestionnaireAnswer.key)
    )
    return stream(session, statement)


def responses(
    session: Session, who: ColumnElement[bool], constructs: Sequence[str], asked: Sequence[str]
) -> Iterator[Row[Any]]:
    """One row per response, in the order of `ratings`.

    After the named columns come the value of each construct, then the answer to each question asked.
    """
    ratings = [aliased(Rating) for _ in constructs]
    answers = [aliased(QuestionnaireAnswer) for _ in asked]
    statement = (
        select(
            Participant.id.label("participant"),
            Condition.key.label("condition"),
            Item.question_id,
            Item.explanation,
            *(rating.value for rating in ratings),
            *(answer.value for answer in answers),
        )
        .join_from(Response, Assignment, Assignment.id == Response.assignment_id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .join(Item, Item.id == Assignment.item_id)
        .join(Condition, Condition.id == Item.condition_id)
        .where(who)
        .order_by(Participant.pseudonym, Assignment.position)
    )
    for rating, key in zip(ratings, constructs, strict=True):
        of_response = (rating.response_id == Response.id) & (rating.construct == key)
        statement = statement.outerjoin(rating, of_response)
    for answer, key in zip(answers, asked, strict=True):
        of_person = (answer.participant_id == Participant.id) & (answer.key == key)
        statement = statement.outerjoin(answer, of_person)
    return stream(session, statement)


def items(session: Session, study_id: int) -> Iterator[Row[Any]]:
    statement = (
        select(
            StudyVersion.number.label("version"),
            Item,
            Condition.key.label("condition"),
            Condition.label.label("condition_label"),
            Condition.source,
        )
        .join_from(Item, StudyVersion, StudyVersion.id == Item.version_id)
        .join(Condition, Condition.id == Item.condition_id)
        .where(StudyVersion.study_id == study_id)
        .order_by(StudyVersion.number, Item.id)
    )
    return stream(session, statement)


def versions(session: Session, study_id: int) -> list[StudyVersion]:
    statement = select(StudyVersion).where(StudyVersion.study_id == study_id)
    return list(session.scalars(statement.order_by(StudyVersion.number)))


def answered_versions(session: Session, who: ColumnElement[bool]) -> list[StudyVersion]:
    """The versions somebody has rated in."""
    answered = select(Participant.version_id).where(who, Participant.items_answered > 0)
    statement = select(StudyVersion).where(StudyVersion.id.in_(answered))
    return list(session.scalars(statement.order_by(StudyVersion.number)))


def study_named(session: Session, slug: str) -> Study | None:
    return session.scalar(select(Study).where(Study.slug == slug))


def uncounted_people(session: Session, study_id: int) -> int:
    """How many people rated something although they do not count in the study."""
    statement = select(func.count()).where(
        Participant.study_id == study_id,
        Participant.mode == "people",
        ~Participant.is_counted,
        Participant.items_answered > 0,
    )
    return session.scalar(statement) or 0
