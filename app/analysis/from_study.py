"""A study of our own as material: everything that was recorded, from one snapshot."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.analysis.due import due_texts
from app.analysis.exclusions import exclude_by_hand, exclude_by_plans
from app.analysis.material import (
    BY_HAND,
    BY_RULE,
    LENGTH,
    STATUS,
    TEXT_HASH,
    VERSION,
    Material,
    Origin,
    Plan,
    Removed,
    completed,
    marked,
)
from app.analysis.plans import plan_changes
from app.analysis.standing import standing_of
from app.analysis.versions import (
    COUNTING,
    Shown,
    VersionPart,
    as_shown,
    chosen,
    condition_labels,
    differences,
)
from app.contract.study import StudyDefinition
from app.errors import Conflict, NotFound
from app.exports import queries
from app.exports.paper import NO_ANSWER
from app.models import Item, Study, StudyVersion
from app.participation.queries import slugs
from app.published import published

ASKED = "asked: "  # so that no question's key can be another column
ANALYSED = (*COUNTING, "excluded")
STAGES = {
    "failed the comprehension check or were screened out": ("screened_out",),
    "found no place": ("turned_away",),
    "declined": ("declined",),
    "withdrew": ("withdrawn",),
    "had their answers erased": ("erased",),
    "are under way": ("active",),
    "dropped out": ("dropped",),
    "completed": ("completed",),
    "were excluded by a researcher": ("excluded",),
}
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Person:
    """`answers`: to the questionnaire, by column."""

    version: int
    status: str
    has_consented: bool
    exclusion_reason: str | None
    answers: dict[str, str]


People = Mapping[str, Person]


def read_study(session: Session, slug: str, software: str, versions: str = "") -> Material:
    """Everybody who counts in the study, or did until a researcher excluded them.

    `versions`: which, as `versions.chosen` is asked. Raises: NotFound; Conflict without ratings; as `chosen`.
    """
    study = queries.study_named(session, slug)
    if study is None:
        raise NotFound(f"There is no study '{slug}'. Studies: {', '.join(slugs(session)) or 'none yet'}.")
    now, who = datetime.now(UTC), queries.chosen(study)
    rows = analysed_rows(session, study, who, now)
    frozen = queries.versions(session, study.id)
    given = {row[VERSION] for row in rows}
    rated = as_shown(session, [one for one in frozen if one.number in given])
    analysed = chosen(rated, versions)
    numbers = {one.number for one in analysed}
    people = {name: one for name, one in participants(session, who, now).items() if one.version in numbers}
    constructs = tuple(construct.key for construct in analysed[-1].definition.constructs)
    mine = [row | people[row["participant"]].answers for row in rows if row[VERSION] in numbers]
    frame, conditions, controls = framed(mine, analysed, constructs)
    frame, removed = excluded_by_rules(frame, analysed, constructs)
    frame, by_hand = excluded_by_hand(frame, people)
    newest = analysed[-1].definition
    plan = Plan(
        version=analysed[-1].number,
        primary=tuple(key for key in newest.analysis.primary if key in constructs),
        smallest_effect=newest.analysis.smallest_effect_of_interest,
        changes=tuple(plan_changes(session, frozen, who)),
    )
    origin = Origin(
        title=newest.title,
        version=version_text(session, [one for one in frozen if one.number in numbers]),
        sha256=data_hash(frame),
        software=software,
    )
    return Material(
        frame=frame,
        conditions=conditions,
        constructs=constructs,
        controls=controls,
        origin=origin,
        scale=scale_of(newest, frame, constructs),
        flow=participant_flow(people, frame),
        removed=tuple(removed),
        by_hand=tuple(by_hand),
        primary=plan.primary if plan.is_declared("primary") else (),
        plan=plan,
        versions=tuple(version_parts(rows, rated, analysed)),
        standing=standing_of(session, study, frozen[-1], who),
        due=due_texts(
            session,
            who,
            {name: one.status for name, one in people.items() if one.status in ANALYSED},
            condition_labels(analysed),
        ),
    )


def analysed_rows(session: Session, study: Study, who: ColumnElement[bool], now: datetime) -> list[Row]:
    """A row for each response in any version. Raises: Conflict without any."""
    items = {row.Item.id: row.Item for row in queries.items(session, study.id)}
    rows = list(responses(session, who, now, items))
    if not rows:
        raise Conflict(f"Nobody has rated anything in '{study.slug}' yet, so there is nothing to analyse.")
    found = [row for row in rows if row[STATUS] in ANALYSED]
    if not found:
        words = f"Nobody who counts has rated anything in '{study.slug}', so there is nothing to analyse."
        raise Conflict(words)
    return found


def responses(
    session: Session, who: ColumnElement[bool], now: datetime, items: Mapping[int, Item]
) -> Iterator[Row]:
    """`condition` is its key: labels may change from version to version."""
    for row in queries.rated(session, who, now):
        yield {
            VERSION: row.version,
            "participant": row.pseudonym,
            STATUS: row.participant_status,
            "attention_failed": row.checks_answered - row.checks_passed,
            "condition": row.condition,
            "question": row.question_id,
            TEXT_HASH: items[row.item].sha256,
            "position": row.position,
            LENGTH: len(items[row.item].explanation),
            "answer_correct": float(row.is_answer_correct),
            "duration_ms": row.duration_ms,
            **{construct: float(value) for construct, value in queries.values_of(row).items()},
        }


def participants(session: Session, who: ColumnElement[bool], now: datetime) -> dict[str, Person]:
    """Each participant by pseudonym."""
    found: dict[str, Person] = {}
    for _, answers in groupby(queries.participants(session, who, now), key=lambda row: row.Participant.id):
        given = list(answers)
        person = given[0].Participant
        found[person.pseudonym] = Person(
            version=given[0].version,
            status=given[0].participant_status,
            has_consented=person.consented_at is not None,
            exclusion_reason=person.exclusion_reason,
            answers={f"{ASKED}{row.key}": row.value for row in given if row.key is not None},
        )
    return found


def framed(
    rows: Sequence[Row], analysed: Sequence[Shown], constructs: tuple[str, ...]
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """The frame, the conditions' labels in order, and the questionnaire's choices as columns."""
    frame = pd.DataFrame(rows)
    frame = frame.reindex(columns=list(dict.fromkeys([*frame.columns, *constructs])))
    choices = [f"{ASKED}{one.key}" for one in analysed[-1].definition.questionnaire if one.kind == "choice"]
    for name in choices:
        frame[name] = frame[name].fillna(NO_ANSWER) if name in frame else NO_ANSWER
    labels = condition_labels(analysed)
    frame["condition"] = frame["condition"].map(labels)
    conditions = tuple(labels.values())
    return completed(frame, conditions, constructs), conditions, tuple(choices)


def scale_of(
    definition: StudyDefinition, frame: pd.DataFrame, constructs: tuple[str, ...]
) -> tuple[str, ...]:
    """The labels all constructs share; where they share none, numbers."""
    scales = {definition.scales[construct.scale] for construct in definition.constructs}
    if len(scales) == 1:
        return next(iter(scales))
    highest = int(frame[list(constructs)].max().max())
    return tuple(str(point) for point in range(1, 1 + max(highest, *map(len, scales))))


def excluded_by_rules(
    frame: pd.DataFrame, analysed: Sequence[Shown], constructs: tuple[str, ...]
) -> tuple[pd.DataFrame, list[Removed]]:
    plans = {one.number: one.definition.analysis.exclude for one in analysed}
    marked, removed = exclude_by_plans(frame, plans, constructs)
    return (frame.assign(**{BY_RULE: marked}), removed) if removed else (frame, removed)


def excluded_by_hand(frame: pd.DataFrame, people: People) -> tuple[pd.DataFrame, list[Removed]]:
    reasons = {name: one.exclusion_reason for name, one in people.items() if one.status == "excluded"}
    marked, removed = exclude_by_hand(frame, reasons)
    return (frame.assign(**{BY_HAND: marked}), removed) if removed else (frame, removed)


def participant_flow(people: People, frame: pd.DataFrame) -> dict[str, int]:
    """How many arrived in the versions analysed, and what became of them."""
    found = {
        "arrived": len(people),
        "consented": sum(person.has_consented for person in people.values()),
    }
    for stage, statuses in STAGES.items():
        found[stage] = sum(person.status in statuses for person in people.values())
    found["rated at least one explanation and are analysed (all rows)"] = frame["participant"].nunique()
    if BY_RULE in frame or BY_HAND in frame:
        left_out = marked(frame, BY_RULE) | marked(frame, BY_HAND)
        found["are left after exclusions by rule and by hand"] = frame["participant"][~left_out].nunique()
    return found


def version_parts(
    rows: Sequence[Row], rated: Sequence[Shown], analysed: Sequence[Shown]
) -> Iterator[VersionPart]:
    for one in rated:
        mine = [row["participant"] for row in rows if row[VERSION] == one.number]
        yield VersionPart(
            number=one.number,
            people=len(set(mine)),
            responses=len(mine),
            is_analysed=one in analysed,
            differs=tuple(differences(one, analysed[-1])),
        )


def version_text(session: Session, versions: list[StudyVersion]) -> str:
    return ", ".join(f"{one.number} (definition {one.sha256[:12]})" for one in published(session, versions))


def data_hash(frame: pd.DataFrame) -> str:
    """Of the rows analysed, so that two reports can be told to be of the same data."""
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()
