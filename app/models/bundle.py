from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


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
    written at each step, with which model, libraries and decoding; `flags` what to look at.
    """

    __tablename__ = "explanation"
    __table_args__ = (
        UniqueConstraint("bundle_id", "question_id"),
        UniqueConstraint("run_id", "question_id"),
        CheckConstraint("(bundle_id IS NULL) <> (run_id IS NULL)", name="source"),
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
    flags: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
