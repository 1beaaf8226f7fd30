from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.models import Condition, Item, Study, StudyAccess, StudyVersion, User
from app.participation.queries import slugs, status_counts


def study_by_slug(session: Session, slug: str, *, is_locked: bool = False) -> Study:
    """`is_locked` keeps others from changing it until the transaction ends; participants still arrive.

    Raises: NotFound, naming the studies there are.
    """
    statement = select(Study).where(Study.slug == slug)
    if is_locked:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    study = session.scalar(statement)
    if study is None:
        known = ", ".join(slugs(session)) or "none yet"
        raise NotFound(f"There is no study '{slug}'. Studies: {known}.")
    return study


def latest_version(session: Session, study_id: int) -> StudyVersion | None:
    statement = select(StudyVersion).where(StudyVersion.study_id == study_id)
    return session.scalar(statement.order_by(StudyVersion.number.desc()).limit(1))


def refuse_unlaunched(session: Session, study: Study) -> None:
    """Raises: Conflict for a study that has no items yet to preview."""
    if latest_version(session, study.id) is None:
        raise Conflict("There is nothing to preview before the study was launched once.")


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
    title: str
    target: int | None

    @property
    def arrived(self) -> int:
        return sum(self.participants.values())

    @property
    def completed(self) -> int:
        return self.participants.get("completed", 0)

    @property
    def active(self) -> int:
        return self.participants.get("active", 0)


def overviews(
    session: Session,
    now: datetime,
    which: ColumnElement[bool] | None = None,
    *,
    offset: int = 0,
    limit: int | None = None,
) -> list[Overview]:
    """Studies that `which` leaves, by slug, with numbers; `ratings_*` are counted answers per item."""
    statement = select(Study).where(true() if which is None else which).order_by(Study.slug)
    statement = statement.offset(offset).limit(limit)
    return [overview(session, study, now) for study in session.scalars(statement)]


def overview(session: Session, study: Study, now: datetime) -> Overview:
    version = latest_version(session, study.id)
    counts = select(func.count(), func.min(Item.answered), func.max(Item.answered))
    items, least, most = session.execute(
        counts.where(Item.version_id == (version.id if version else None))
    ).one()
    return Overview(
        slug=study.slug,
        status=study.status,
        audience=study.audience,
        version=version.number if version else None,
        items=items,
        ratings_least=least or 0,
        ratings_most=most or 0,
        participants=status_counts(session, study.id, now),
        title=str(study.draft["title"]),
        target=version.definition["design"]["ratings_per_item"] if version else None,
    )


@dataclass(frozen=True)
class ItemRow:
    condition: str
    item: Item


def some_items(session: Session, version_id: int, offset: int, limit: int) -> list[ItemRow]:
    """Some of a version's items, by question and condition."""
    statement = (
        select(Condition.label, Item)
        .join(Condition, Condition.id == Item.condition_id)
        .where(Item.version_id == version_id)
        .order_by(Item.question_id, Condition.position)
        .offset(offset)
        .limit(limit)
    )
    return [ItemRow(row[0], row[1]) for row in session.execute(statement)]


def versions(session: Session, study_id: int) -> list[StudyVersion]:
    statement = select(StudyVersion).where(StudyVersion.study_id == study_id)
    return list(session.scalars(statement.order_by(StudyVersion.number.desc())))


@dataclass(frozen=True)
class ConditionNumbers:
    label: str
    items: int
    answered: int
    least: int
    most: int


def condition_numbers(session: Session, version_id: int) -> list[ConditionNumbers]:
    """Counted answers by condition: in all, and of the least and the most answered item."""
    counts = (
        func.count().label("items"),
        func.sum(Item.answered).label("answered"),
        func.min(Item.answered).label("least"),
        func.max(Item.answered).label("most"),
    )
    statement = (
        select(Condition.label, *counts)
        .join(Item, Item.condition_id == Condition.id)
        .where(Condition.version_id == version_id)
        .group_by(Condition.id, Condition.label, Condition.position)
        .order_by(Condition.position)
    )
    return [ConditionNumbers(**row._asdict()) for row in session.execute(statement)]


@dataclass(frozen=True)
class Share:
    user_id: int
    email: str
    level: str


def shares(session: Session, study_id: int) -> list[Share]:
    """Who may do what with a study; owners first."""
    statement = (
        select(StudyAccess.user_id, User.email, StudyAccess.level)
        .join(User, User.id == StudyAccess.user_id)
        .where(StudyAccess.study_id == study_id)
        .order_by(StudyAccess.level != "own", User.email)
    )
    return [Share(*row) for row in session.execute(statement)]
