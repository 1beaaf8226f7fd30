"""Who may do what: roles, and studies that belong to people. The one place that knows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from app.errors import Forbidden, NotFound
from app.models import Study, StudyAccess

Role = Literal["viewer", "researcher", "admin"]
Level = Literal["view", "edit", "own"]
ROLES: tuple[Role, ...] = ("viewer", "researcher", "admin")
LEVELS: tuple[Level, ...] = ("view", "edit", "own")
IDLE_LIMIT = timedelta(hours=12)  # a browser that nobody uses for so long is signed out


@dataclass(frozen=True)
class Person:
    """Someone who is signed in, or whose token came with a call."""

    id: int
    email: str
    role: Role


def may(person: Person, role: Role) -> bool:
    """Whether someone's role is at least this one."""
    return ROLES.index(person.role) >= ROLES.index(role)


def require(person: Person, role: Role) -> None:
    if not may(person, role):
        raise Forbidden(f"This needs the role {role}; yours is {person.role}. Ask an admin to change it.")


def visible(person: Person) -> ColumnElement[bool]:
    """The condition on Study that leaves what this person may see."""
    if person.role == "admin":
        return true()
    granted = select(StudyAccess.study_id).where(StudyAccess.user_id == person.id)
    return Study.id.in_(granted)


def level_of(session: Session, person: Person, study: Study) -> Level | None:
    """The most this person may do with a study: an admin anything, a viewer never more than view."""
    if person.role == "admin":
        return "own"
    granted = session.get(StudyAccess, (study.id, person.id))
    if granted is None:
        return None
    return "view" if person.role == "viewer" else LEVELS[LEVELS.index(granted.level)]


def study_for(session: Session, person: Person, slug: str, level: Level = "view") -> Study:
    """The study, if this person may do that with it.

    Raises: NotFound, in the same words for a study of somebody else and for none; Forbidden for one
    that may be seen but not that.
    """
    study = session.scalar(select(Study).where(Study.slug == slug))
    granted = level_of(session, person, study) if study else None
    if study is None or granted is None:
        raise NotFound(f"There is no study '{slug}' that you may see.")
    if LEVELS.index(granted) < LEVELS.index(level):
        needed = "its owner" if level == "own" else "someone who may edit it"
        raise Forbidden(f"Study '{slug}' can be changed in this way only by {needed}.")
    return study


def own(session: Session, person: Person, study: Study) -> None:
    """Make someone the owner of a study that was just created."""
    session.add(StudyAccess(study_id=study.id, user_id=person.id, level="own"))
