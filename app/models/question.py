from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class QuestionSet(Base):
    __tablename__ = "question_set"
    audited_by: ClassVar[str] = "name"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    format: Mapped[str]
    source_sha256: Mapped[str]
    counts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Question(Base):
    """`key` is the question's id in the file it came from; with a premise, `text` is the hypothesis."""

    __tablename__ = "question"
    __table_args__ = (UniqueConstraint("question_set_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    question_set_id: Mapped[int] = mapped_column(ForeignKey("question_set.id"))
    position: Mapped[int]
    key: Mapped[str]
    premise: Mapped[str | None]
    text: Mapped[str]
    choices: Mapped[list[str]]
    correct_answer: Mapped[str]
