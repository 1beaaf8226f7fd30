"""A study of our own as material: everything that was recorded, from one snapshot."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.analysis.exclusions import exclude
from app.analysis.material import LENGTH, Material, Origin, Removed, completed
from app.contract.study import StudyDefinition
from app.errors import Conflict, NotFound
from app.exports import queries
from app.exports.paper import NO_ANSWER
from app.models import StudyVersion
from app.participation.queries import slugs
from app.published import published

ASKED = "asked: "  # so that no question's key can be another column
COUNTING = ("active", "dropped", "completed")
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


def read_study(session: Session, slug: str, software: str) -> Material:
    """Who counts in the study, over all its versions. Raises: NotFound; Conflict without ratings."""
    study = queries.study_named(session, slug)
    if study is None:
        raise NotFound(f"There is no study '{slug}'. Studies: {', '.join(slugs(session)) or 'none yet'}.")
    now, who = datetime.now(UTC), queries.chosen(study)
    versions = queries.answered_versions(session, who)
    if not versions:
        raise Conflict(f"Nobody has rated anything in '{slug}' yet, so there is nothing to analyse.")
    definition = StudyDefinition.model_validate(versions[-1].definition)
    constructs = tuple(construct.key for construct in definition.constructs)
    lengths = {row.Item.id: len(row.Item.explanation) for row in queries.items(session, study.id)}
    people = participants(session, who, now)
    rows = list(responses(session, who, now, lengths))
    found = [row | people[row["participant"]] for row in rows if row["status"] in COUNTING]
    if not found:
        raise Conflict(f"Nobody who counts has rated anything in '{slug}', so there is nothing to analyse.")
    frame = pd.DataFrame(found)
    frame = frame.reindex(columns=list(dict.fromkeys([*frame.columns, *constructs])))
    choices = [f"{ASKED}{one.key}" for one in definition.questionnaire if one.kind == "choice"]
    for name in choices:
        frame[name] = frame[name].fillna(NO_ANSWER) if name in frame else NO_ANSWER
    conditions = condition_labels(definition, frame)
    frame = completed(frame, conditions, constructs)
    frame, removed = excluded(frame, definition, constructs)
    origin = Origin(
        title=definition.title,
        version=version_text(session, versions),
        sha256=data_hash(frame),
        software=software,
    )
    flow = participant_flow(people, frame)
    return Material(
        frame=frame,
        conditions=conditions,
        constructs=constructs,
        controls=tuple(choices),
        origin=origin,
        scale=scale_of(definition, frame, constructs),
        flow=flow,
        removed=tuple(removed),
        primary=definition.analysis.primary,
    )


def responses(
    session: Session, who: ColumnElement[bool], now: datetime, lengths: Mapping[int, int]
) -> Iterator[dict[str, Any]]:
    for row in queries.rated(session, who, now):
        yield {
            "participant": row.pseudonym,
            "status": row.participant_status,
            "attention_failed": row.checks_answered - row.checks_passed,
            "condition": row.condition_label,
            "question": row.question_id,
            "position": row.position,
            LENGTH: lengths[row.item],
            "answer_correct": float(row.is_answer_correct),
            "duration_ms": row.duration_ms,
            **{construct: float(value) for construct, value in queries.values_of(row).items()},
        }


def participants(session: Session, who: ColumnElement[bool], now: datetime) -> dict[str, dict[str, Any]]:
    """Each participant's answers to the questionnaire, by pseudonym, with status and consent."""
    found: dict[str, dict[str, Any]] = {}
    for _, answers in groupby(queries.participants(session, who, now), key=lambda row: row.Participant.id):
        given = list(answers)
        person = given[0].Participant
        found[person.pseudonym] = {
            "status": given[0].participant_status,
            "has_consented": person.consented_at is not None,
            **{f"{ASKED}{row.key}": row.value for row in given if row.key is not None},
        }
    return found


def scale_of(
    definition: StudyDefinition, frame: pd.DataFrame, constructs: tuple[str, ...]
) -> tuple[str, ...]:
    """The labels all constructs share; where they share none (or versions differ), numbers."""
    scales = {definition.scales[construct.scale] for construct in definition.constructs}
    highest = int(frame[list(constructs)].max().max())
    if len(scales) == 1 and len(labels := next(iter(scales))) >= highest:
        return labels
    return tuple(str(point) for point in range(1, 1 + max(highest, *map(len, scales))))


def condition_labels(definition: StudyDefinition, frame: pd.DataFrame) -> tuple[str, ...]:
    """The definition's order, the declared reference first; then what only older versions had."""
    order = sorted(definition.conditions, key=lambda one: one.key != definition.analysis.reference)
    labels = [condition.label for condition in order]
    return tuple(dict.fromkeys([*labels, *frame["condition"]]))


def excluded(
    frame: pd.DataFrame, definition: StudyDefinition, constructs: tuple[str, ...]
) -> tuple[pd.DataFrame, list[Removed]]:
    marked, removed = exclude(frame, definition.analysis.exclude, constructs)
    return (frame.assign(excluded=marked), removed) if removed else (frame, removed)


def participant_flow(people: Mapping[str, dict[str, Any]], frame: pd.DataFrame) -> dict[str, int]:
    """How many arrived, and what became of them."""
    found = {
        "arrived": len(people),
        "consented": sum(person["has_consented"] for person in people.values()),
    }
    for stage, statuses in STAGES.items():
        found[stage] = sum(person["status"] in statuses for person in people.values())
    found["rated at least one explanation and are analysed (all rows)"] = frame["participant"].nunique()
    if "excluded" in frame:
        kept = frame[~frame["excluded"]]["participant"].nunique()
        found["are left after the declared exclusions"] = kept
    return found


def version_text(session: Session, versions: list[StudyVersion]) -> str:
    return ", ".join(f"{one.number} (definition {one.sha256[:12]})" for one in published(session, versions))


def data_hash(frame: pd.DataFrame) -> str:
    """Of the rows analysed, so that two reports can be told to be of the same data."""
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()
