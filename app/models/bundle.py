from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, UniqueConstraint
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
    """What one source said about one question; `shown_text` is the named cleaning of `raw_text`."""

    __tablename__ = "explanation"
    __table_args__ = (UniqueConstraint("bundle_id", "question_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    bundle_id: Mapped[int] = mapped_column(ForeignKey("bundle.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)
    predicted_answer: Mapped[str | None]
    raw_text: Mapped[str | None]
    shown_text: Mapped[str]
    is_cut_off: Mapped[bool]
