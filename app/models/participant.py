from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Participant(Base):
    """One visit. `code` opens it and is in no export; `pseudonym` is in exports and opens nothing.

    `status`: active (on course), dropped (its reservations lapsed; may come back), and the endings
    completed, declined, screened_out, turned_away (no place), withdrawn (left), excluded, replaced (another
    attempt of the same external id came before anything was answered). `visit_number` counts the visits of
    one external id; `is_same_id` marks one that stands beside another with answers. An erased visit is
    withdrawn and has a `last_page`, the page that its person still sees. `exclusion_reason` is what the
    researcher wrote who excluded it.
    """

    __tablename__ = "participant"
    __table_args__ = (
        UniqueConstraint("study_id", "mode", "external_id", "visit_number"),
        UniqueConstraint("study_id", "mode", "external_hash", "visit_number"),
        UniqueConstraint("study_id", "pseudonym"),
        CheckConstraint("mode IN ('people', 'preview', 'pilot', 'synthetic')", name="mode"),
        CheckConstraint(
            "status IN ('active', 'dropped', 'completed', 'declined', 'screened_out', 'turned_away', "
            "'withdrawn', 'excluded', 'replaced')",
            name="status",
        ),
        Index(None, "version_id", "status", "lapses_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("study_version.id"))
    code: Mapped[str] = mapped_column(unique=True)
    pseudonym: Mapped[str]
    mode: Mapped[str]
    is_counted: Mapped[bool]
    status: Mapped[str] = mapped_column(default="active")
    external_id: Mapped[str | None]
    external_hash: Mapped[str | None]
    attempt_hash: Mapped[str | None]
    visit_number: Mapped[int] = mapped_column(default=1)
    is_same_id: Mapped[bool] = mapped_column(default=False)
    parameters: Mapped[dict[str, Any]]
    seed: Mapped[int] = mapped_column(BigInteger)
    order_row: Mapped[str | None]
    is_late: Mapped[bool] = mapped_column(default=False)
    comprehension_attempts: Mapped[int] = mapped_column(default=0)
    has_understood: Mapped[bool] = mapped_column(default=False)
    practice_done: Mapped[int] = mapped_column(default=0)
    items_answered: Mapped[int] = mapped_column(default=0)
    has_own_answer: Mapped[bool] = mapped_column(default=False)
    checks_answered: Mapped[int] = mapped_column(default=0)
    checks_passed: Mapped[int] = mapped_column(default=0)
    consent_sha256: Mapped[str | None]
    started_at: Mapped[datetime]
    consented_at: Mapped[datetime | None]
    instructed_at: Mapped[datetime | None]
    dealt_at: Mapped[datetime | None]
    questionnaire_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    last_step_at: Mapped[datetime]
    lapses_at: Mapped[datetime]
    last_page: Mapped[str | None]
    exclusion_reason: Mapped[str | None]


class Assignment(Base):
    """One item at one position of one participant, dealt once and never dealt again.

    `question_id` repeats the item's so that the database itself refuses a question twice.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("participant_id", "question_id"),
        UniqueConstraint("participant_id", "position"),
        CheckConstraint("state IN ('reserved', 'lapsed', 'answered')", name="state"),
        CheckConstraint("position >= 1", name="position"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"))
    position: Mapped[int]
    state: Mapped[str] = mapped_column(default="reserved")
    own_answer: Mapped[str | None]
