from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base

UNDER_WAY = text("state IN ('waiting', 'running')")


class Job(Base):
    """Heavy work that staff asked for; the background process does it.

    `subject` says what it works on, and of one kind and subject only one is under way. `folder` holds what it
    makes, below the home's jobs/; None where nothing is kept. `is_stale`: somebody's answers were erased
    since it began. `done` of `total` is how far it is, and `doing` what is under way, where the
    command tells it.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"),
        Index(
            "ix_job_one_under_way",
            "kind",
            "subject",
            unique=True,
            sqlite_where=UNDER_WAY,
            postgresql_where=UNDER_WAY,
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    arguments: Mapped[dict[str, Any]]
    actor: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    done: Mapped[int | None]
    total: Mapped[int | None]
    doing: Mapped[str | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    reason: Mapped[str | None]
    folder: Mapped[str | None]
    is_stale: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
