"""The plan of analysis in a study's versions: what of it changed when answers were already there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.contract.plan import Analysis
from app.contract.study import StudyDefinition
from app.models import Assignment, Participant, Response, StudyVersion

PARTS = ("reference", "primary", "exclude", "smallest_effect_of_interest")


@dataclass(frozen=True, kw_only=True)
class PlanChange:
    """A version whose plan is not the plan before it. `responses`: how many had been given by then.

    `parts` are the fields of the plan that changed.
    """

    version: int
    at: datetime
    responses: int
    parts: tuple[str, ...]


def plan_changes(
    session: Session, versions: Sequence[StudyVersion], who: ColumnElement[bool]
) -> Iterator[PlanChange]:
    """The changes after the first response, of all versions in their order, whoever rated in them."""
    for before, after in pairwise(versions):
        old, new = plan_of(before), plan_of(after)
        parts = tuple(name for name in PARTS if getattr(old, name) != getattr(new, name))
        if parts and (already := responses_until(session, who, after.frozen_at)):
            yield PlanChange(version=after.number, at=after.frozen_at, responses=already, parts=parts)


def plan_of(version: StudyVersion) -> Analysis:
    return StudyDefinition.model_validate(version.definition).analysis


def responses_until(session: Session, who: ColumnElement[bool], moment: datetime) -> int:
    statement = (
        select(func.count(Response.id))
        .join(Assignment, Assignment.id == Response.assignment_id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .where(who, Response.submitted_at < moment)
    )
    return session.scalar(statement) or 0
