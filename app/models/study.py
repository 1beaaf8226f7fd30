from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Study(Base):
    """`draft` is the definition as last written; launching freezes it as a StudyVersion.

    Who may do what with it stands in StudyAccess; a study nobody owns is the admins' alone.
    """

    __tablename__ = "study"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'live', 'paused', 'closed')", name="status"),
        CheckConstraint("audience IN ('people', 'synthetic')", name="audience"),
    )
    audited_by: ClassVar[str] = "slug"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]
    audience: Mapped[str]
    draft: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class StudyAccess(Base):
    """What someone may do with a study: view it, also edit it, also share it as its owner."""

    __tablename__ = "study_access"
    __table_args__ = (CheckConstraint("level IN ('view', 'edit', 'own')", name="level"),)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, index=True)
    level: Mapped[str]


class StudyVersion(Base):
    """A frozen definition; `sha256` covers it and every stimulus, `definition_sha256` it alone."""

    __tablename__ = "study_version"
    __table_args__ = (UniqueConstraint("study_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    number: Mapped[int]
    definition: Mapped[dict[str, Any]]
    definition_sha256: Mapped[str]
    sha256: Mapped[str]
    frozen_at: Mapped[datetime]


class Condition(Base):
    __tablename__ = "condition"
    __table_args__ = (UniqueConstraint("version_id", "key"), UniqueConstraint("version_id", "position"))
    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("study_version.id"))
    position: Mapped[int]
    key: Mapped[str]
    label: Mapped[str]
    source: Mapped[str]


class Item(Base):
    """A stimulus: a frozen copy of all that is shown, in one condition of one version.

    `answered` and `reserved` are its load, kept in the transactions that change it; `honeyglass study
    check` recounts them.
    """

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("condition_id", "question_id"),
        CheckConstraint("answered >= 0", name="answered"),
        CheckConstraint("reserved >= 0", name="reserved"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("study_version.id"), index=True)
    condition_id: Mapped[int] = mapped_column(ForeignKey("condition.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"))
    question_key: Mapped[str]
    premise: Mapped[str | None]
    question: Mapped[str]
    choices: Mapped[list[str]]
    correct_answer: Mapped[str]
    answer: Mapped[str]
    explanation: Mapped[str]
    is_answer_correct: Mapped[bool]
    is_cut_off: Mapped[bool]
    explanation_sha256: Mapped[str]
    sha256: Mapped[str]
    answered: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)


class OrderRow(Base):
    """How many participants on course or finished follow one row of the order's square."""

    __tablename__ = "order_row"
    __table_args__ = (CheckConstraint("uses >= 0", name="uses"),)
    version_id: Mapped[int] = mapped_column(ForeignKey("study_version.id"), primary_key=True)
    row: Mapped[str] = mapped_column(primary_key=True)
    uses: Mapped[int]
