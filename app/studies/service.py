"""A study's life: draft, live, paused, closed. Launching freezes its definition and its items."""

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.access import Person, level_of, own, study_for
from app.audit import record
from app.contract.base import sha256_of
from app.contract.study import BundleSource, StudyDefinition
from app.contract.study import Condition as ConditionDefinition
from app.errors import Conflict, Forbidden, Invalid
from app.models import Condition, Item, Study, StudyVersion
from app.published import published
from app.studies.material import Material, check_material, launch_problems
from app.studies.queries import latest_version, study_by_slug


@dataclass(frozen=True)
class Launch:
    """What a launch froze. `participants` reach the target when all of them complete."""

    version: int
    sha256: str
    items: int
    questions: int
    participants: int
    divides_exactly: bool
    audience: str
    left_out: int  # questions of the set that some condition cannot show


def problems_for(session: Session, person: Person | None, definition: StudyDefinition) -> list[str]:
    """All that storing and launching a definition would refuse, a sentence each; nobody is the console."""
    study = session.scalar(select(Study).where(Study.slug == definition.slug))
    problems = launch_problems(session, definition)
    try:
        refuse_draft(session, person, study, definition)
    except (Conflict, Forbidden) as refused:
        problems.insert(0, refused.message)
    return problems


def refuse_draft(
    session: Session, person: Person | None, study: Study | None, definition: StudyDefinition
) -> None:
    """Raises: Conflict for a slug that somebody else has, a closed study, or an audience that is fixed;
    Forbidden for a study that this person may only view.
    """
    if study is None:
        return
    if person is not None:
        if level_of(session, person, study) is None:
            raise Conflict(f"The slug '{definition.slug}' is taken; give the study another one.")
        study_for(session, person, definition.slug, "edit")
    if study.status == "closed":
        raise Conflict(f"Study '{definition.slug}' is closed; give the new one another slug.")
    if study.audience != definition.audience and latest_version(session, study.id) is not None:
        raise Conflict(
            f"Study '{definition.slug}' was launched for audience '{study.audience}', which cannot change "
            "any more; give the new one another slug."
        )


def save_draft(session: Session, definition: StudyDefinition, person: Person | None = None) -> Study:
    """Create the study, or replace the draft of the one with the same slug; what is live stays.

    A new study belongs to the person; nobody is the console. Raises: as `refuse_draft`.
    """
    known = select(Study).where(Study.slug == definition.slug).with_for_update(key_share=True)
    study = session.scalar(known.execution_options(populate_existing=True))
    refuse_draft(session, person, study, definition)
    is_new = study is None
    if study is None:
        study = Study(slug=definition.slug, status="draft", created_at=datetime.now(UTC))
        session.add(study)
    study.audience = definition.audience
    study.draft = definition.model_dump(mode="json")
    session.flush()
    if is_new and person is not None:
        own(session, person, study)
    return study


def launch(session: Session, slug: str) -> Launch:
    """Freeze the draft as a version with its items and open the study; an unchanged one just reopens.

    Raises: NotFound, Conflict for a closed study, Invalid if anything the draft names is missing.
    """
    study = study_by_slug(session, slug, is_locked=True)
    if study.status == "closed":
        raise Conflict(f"Study '{slug}' is closed; closing is final.")
    definition = StudyDefinition.model_validate(study.draft)
    latest = latest_version(session, study.id)
    if latest is not None and latest.definition_sha256 == definition.sha256:
        if study.status == "live":
            raise Conflict(f"Study '{slug}' is live already, and its definition has not changed.")
        study.status = "live"
        return describe(session, definition, latest, left_out=0)
    problems, material = check_material(session, definition)
    if material is None:
        raise Invalid("The study cannot be launched yet:\n" + "\n".join(f"  {line}" for line in problems))
    version = freeze(session, study, definition, material, latest.number + 1 if latest else 1)
    study.status = "live"
    return describe(session, definition, version, material.left_out)


def freeze(
    session: Session, study: Study, definition: StudyDefinition, material: Material, number: int
) -> StudyVersion:
    hashes = [[item["sha256"] for item in row] for row in material.items]
    version = StudyVersion(
        study_id=study.id,
        number=number,
        definition=definition.model_dump(mode="json"),
        definition_sha256=definition.sha256,
        sha256=sha256_of({"definition": definition.sha256, "items": hashes, "number": number}),
        frozen_at=datetime.now(UTC),
    )
    session.add(version)
    session.flush()
    record(session, "study.frozen", study.slug, after={"version": number, "sha256": version.sha256})
    for position, (condition, row) in enumerate(zip(definition.conditions, material.items, strict=True)):
        add_condition(session, version.id, position, condition, row)
    return version


def add_condition(
    session: Session,
    version_id: int,
    position: int,
    defined: ConditionDefinition,
    items: list[dict[str, Any]],
) -> None:
    if isinstance(defined.source, BundleSource):
        source = f"bundle:{defined.source.bundle}"
    else:
        source = f"checkpoint:{defined.source.checkpoint}"
    condition = Condition(
        version_id=version_id, position=position, key=defined.key, label=defined.label, source=source
    )
    session.add(condition)
    session.flush()
    rows = [item | {"version_id": version_id, "condition_id": condition.id} for item in items]
    session.execute(insert(Item), rows)


def describe(session: Session, definition: StudyDefinition, version: StudyVersion, left_out: int) -> Launch:
    items = session.scalars(select(Item.question_id).where(Item.version_id == version.id)).all()
    needed = Fraction(len(items) * definition.design.ratings_per_item, definition.items_per_participant)
    return Launch(
        version=version.number,
        sha256=published(session, [version])[0].sha256,
        items=len(items),
        questions=len(set(items)),
        participants=ceil(needed),
        divides_exactly=needed.denominator == 1,
        audience=definition.audience,
        left_out=left_out,
    )


def pause(session: Session, slug: str) -> Study:
    """Take no new participants; those under way go on. `launch` opens it again."""
    return change_status(session, slug, {"live"}, "paused")


def close(session: Session, slug: str) -> Study:
    """Take no new participants any more; those under way may finish. Final."""
    return change_status(session, slug, {"live", "paused", "draft"}, "closed")


def change_status(session: Session, slug: str, allowed: set[str], status: str) -> Study:
    study = study_by_slug(session, slug, is_locked=True)
    if study.status not in allowed:
        raise Conflict(f"Study '{slug}' is {study.status}, so it cannot become {status}.")
    study.status = status
    return study
