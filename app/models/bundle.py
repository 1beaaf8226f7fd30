from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

MEASURES = (
    *("is_answer_correct", "answer_key", "word_count", "character_count", "distractors_mentioned"),
    *("is_marker_missing", "is_truncated", "is_empty", "is_repetitive", "is_contradicting"),
)


class Bundle(Base):
    __tablename__ = "bundle"
    audited_by: ClassVar[str] = "name"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    question_set_id: Mapped[int] = mapped_column(ForeignKey("question_set.id"))
    manifest: Mapped[dict[str, Any]]
    source_sha256: Mapped[str]
    cleaning: Mapped[str]
    counts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Explanation(Base):
    """What one source, a bundle or a run, said about one question.

    `shown_text` is the named cleaning of `raw_text`. `record` says how a run wrote it: what was asked and
    written at each step, with which model, libraries and decoding. From `is_answer_correct` on stands what
    contract/text_measures.py counts in the shown text and the answer when they are stored, and what to look
    at in a run's output; pages count and filter in the index that has all of it.
    """

    __tablename__ = "explanation"
    __table_args__ = (
        UniqueConstraint("bundle_id", "question_id"),
        UniqueConstraint("run_id", "question_id"),
        CheckConstraint("(bundle_id IS NULL) <> (run_id IS NULL)", name="source"),
        Index("ix_explanation_measures", "run_id", "question_id", *MEASURES),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    bundle_id: Mapped[int | None] = mapped_column(ForeignKey("bundle.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("generation_run.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)
    predicted_answer: Mapped[str | None]
    raw_text: Mapped[str | None]
    shown_text: Mapped[str]
    is_cut_off: Mapped[bool]
    record: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    is_answer_correct: Mapped[bool]
    answer_key: Mapped[int] = mapped_column(BigInteger)
    word_count: Mapped[int]
    character_count: Mapped[int]
    distractors_mentioned: Mapped[int]
    is_marker_missing: Mapped[bool] = mapped_column(default=False)
    is_truncated: Mapped[bool] = mapped_column(default=False)
    is_empty: Mapped[bool]
    is_repetitive: Mapped[bool]
    is_contradicting: Mapped[bool]
