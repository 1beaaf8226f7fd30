from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Checkpoint(Base):
    """A student as it was handed over; its files lie in `folder`, below the home's checkpoints/."""

    __tablename__ = "checkpoint"
    __table_args__ = (
        CheckConstraint("state IN ('registered', 'verifying', 'ready', 'failed', 'retired')", name="state"),
    )
    audited_by: ClassVar[str] = "name"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    reason: Mapped[str | None]
    folder: Mapped[str] = mapped_column(unique=True)
    source: Mapped[str]
    manifest: Mapped[dict[str, Any]]
    files: Mapped[dict[str, Any]]
    left_behind: Mapped[list[str]]
    model_sha256: Mapped[str]
    tokenizer_sha256: Mapped[str]
    trial: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class GenerationRun(Base):
    """One checkpoint asked one question set in one way; its batches never change once planned."""

    __tablename__ = "generation_run"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'complete', 'failed', 'cancelled')", name="state"),
        CheckConstraint("precision IN ('fp32', 'bf16')", name="precision"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    checkpoint_id: Mapped[int] = mapped_column(ForeignKey("checkpoint.id"), index=True)
    question_set_id: Mapped[int] = mapped_column(ForeignKey("question_set.id"))
    way: Mapped[str]
    precision: Mapped[str]
    seed: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str | None]
    total: Mapped[int]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class GenerationBatch(Base):
    """Questions that are always asked together, so that no kill and no number of workers changes a text."""

    __tablename__ = "generation_batch"
    __table_args__ = (
        UniqueConstraint("run_id", "number"),
        CheckConstraint("state IN ('waiting', 'leased', 'done', 'failed')", name="state"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("generation_run.id"))
    number: Mapped[int]
    question_ids: Mapped[list[int]] = mapped_column(JSON)
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    not_before: Mapped[datetime]
    error: Mapped[str | None]
    duration_ms: Mapped[int | None]
    finished_at: Mapped[datetime | None]
