"""How far a study is: of what its newest version asks for, how much is there."""

from fractions import Fraction
from math import ceil

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.analysis.material import Standing
from app.analysis.versions import COUNTING
from app.contract.study import StudyDefinition
from app.models import Item, Participant, Study, StudyVersion


def standing_of(
    session: Session, study: Study, version: StudyVersion, who: ColumnElement[bool]
) -> Standing | None:
    """Of a study that people may still take part in; None of one that is closed."""
    if study.status == "closed":
        return None
    definition = StudyDefinition.model_validate(version.definition)
    target = definition.design.ratings_per_item
    answers = session.scalars(select(Item.answered).where(Item.version_id == version.id)).all()
    asked = len(answers) * target
    people = select(func.count()).where(
        who,
        Participant.version_id == version.id,
        Participant.status.in_(COUNTING),
        Participant.items_answered > 0,
    )
    return Standing(
        status=study.status,
        version=version.number,
        given=sum(answers),
        asked=asked,
        texts=len(answers),
        full=sum(answered >= target for answered in answers),
        people=session.scalar(people) or 0,
        needed=ceil(Fraction(asked, definition.items_per_participant)),
    )
