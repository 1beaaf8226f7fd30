from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Item, Study, StudyVersion
from app.participation.queries import slugs, status_counts


def study_by_slug(session: Session, slug: str) -> Study:
    """Raises: NotFound, naming the studies there are."""
    study = session.scalar(select(Study).where(Study.slug == slug))
    if study is None:
        known = ", ".join(slugs(session)) or "none yet"
        raise NotFound(f"There is no study '{slug}'. Studies: {known}.")
    return study


def latest_version(session: Session, study_id: int) -> StudyVersion | None:
    statement = select(StudyVersion).where(StudyVersion.study_id == study_id)
    return session.scalar(statement.order_by(StudyVersion.number.desc()).limit(1))


@dataclass(frozen=True)
class Overview:
    slug: str
    status: str
    audience: str
    version: int | None
    items: int
    ratings_least: int
    ratings_most: int
    participants: dict[str, int]


def overviews(session: Session, now: datetime) -> list[Overview]:
    """Every study with its state and numbers; `ratings_*` are counted answers per item."""
    return [overview(session, study, now) for study in session.scalars(select(Study).order_by(Study.slug))]


def overview(session: Session, study: Study, now: datetime) -> Overview:
    version = latest_version(session, study.id)
    counts = select(func.count(), func.min(Item.answered), func.max(Item.answered))
    items, least, most = session.execute(
        counts.where(Item.version_id == (version.id if version else None))
    ).one()
    return Overview(
        study.slug,
        study.status,
        study.audience,
        version.number if version else None,
        items,
        least or 0,
        most or 0,
        status_counts(session, study.id, now),
    )
