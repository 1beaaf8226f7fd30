from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Response(Base):
    """The one answer to an assignment; its ratings are rows of their own."""

    __tablename__ = "response"
    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"), unique=True)
    shown_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime]
    duration_ms: Mapped[int | None]
    comment: Mapped[str | None]


class Rating(Base):
    __tablename__ = "rating"
    __table_args__ = (CheckConstraint("value BETWEEN 1 AND 9", name="value"),)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id"), primary_key=True)
    construct: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class CheckAnswer(Base):
    """An answer to a comprehension question (by attempt) or to an attention check."""

    __tablename__ = "check_answer"
    __table_args__ = (
        UniqueConstraint("participant_id", "kind", "attempt", "number"),
        CheckConstraint("kind IN ('comprehension', 'attention')", name="kind"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"))
    kind: Mapped[str]
    attempt: Mapped[int]
    number: Mapped[int]
    asked: Mapped[str]
    given: Mapped[str]
    is_correct: Mapped[bool]
    submitted_at: Mapped[datetime]


class QuestionnaireAnswer(Base):
    __tablename__ = "questionnaire_answer"
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
