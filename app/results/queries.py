"""What an export reads, as streams: rows come from the database as they are written out."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from app.models import (
    Assignment,
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


def stream(session: Session, statement: Select[*tuple[Any, ...]]) -> Iterator[Row[Any]]:
    return iter(session.execute(statement.execution_options(yield_per=CHUNK)))


def ratings(session: Session, study_id: int, modes: list[str], now: datetime) -> Iterator[Row[Any]]:
    """One row per rating; by pseudonym (a random order) and position, constructs together by response."""
    statement = (
        select(
            StudyVersion.number.label("version"),
            Participant.pseudonym,
            status_now(now).label("participant_status"),
            Participant.is_late,
            Participant.checks_answered,
            Participant.checks_passed,
            Participant.mode,
            Condition.key.label("condition"),
            Condition.label.label("condition_label"),
            Item.id.label("item"),
            Item.question_key.label("question_id"),
            Assignment.position,
            Assignment.own_answer,
            Response.id.label("response_id"),
            Response.comment,
            Rating.construct,
            Rating.value,
            Item.is_answer_correct,
            Response.shown_at,
            Response.submitted_at,
            Response.duration_ms,
        )
        .join_from(Rating, Response, Response.id == Rating.response_id)
        .join(Assignment, Assignment.id == Response.assignment_id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .join(StudyVersion, StudyVersion.id == Participant.version_id)
        .join(Item, Item.id == Assignment.item_id)
        .join(Condition, Condition.id == Item.condition_id)
        .where(Participant.study_id == study_id, Participant.mode.in_(modes))
        .order_by(Participant.pseudonym, Assignment.position, Rating.construct)
    )
    return stream(session, statement)


def participants(session: Session, study_id: int, modes: list[str], now: datetime) -> Iterator[Row[Any]]:
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
        .where(Participant.study_id == study_id, Participant.mode.in_(modes))
        .order_by(Participant.pseudonym, QuestionnaireAnswer.key)
    )
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


def study_named(session: Session, slug: str) -> Study | None:
    return session.scalar(select(Study).where(Study.slug == slug))
