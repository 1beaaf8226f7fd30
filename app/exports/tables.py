"""The exports' columns and rows. Each export is a header and a stream of rows; nothing is held."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from app.exports import queries
from app.exports.answers import answers
from app.exports.base import Cell, Format, Source, Table
from app.exports.codebook import codebook
from app.exports.paper import paper
from app.exports.person import PERSON_COLUMNS, counts, flags, person_cells

RESPONSE_COLUMNS = (
    *PERSON_COLUMNS,
    "condition",
    "condition_label",
    "item",
    "question_id",
    "position",
)
DESCRIBED: tuple[Format, ...] = ("long", "wide", "participants", "items", "answers")  # by the codebook
ANSWER_COLUMNS = ("answer_correct", "started_at", "submitted_at", "duration_ms", "own_answer", "comment")


def table(source: Source, export_format: Format) -> Table:
    tables = {
        "long": long,
        "jsonl": long,
        "wide": wide,
        "participants": participants,
        "items": items,
        "answers": answers,
        "paper": paper,
        "parquet": long,
        "codebook": codebook_of,
    }
    return tables[export_format](source)


def codebook_of(source: Source) -> Table:
    return codebook(source, [(name, table(source, name)) for name in DESCRIBED])


def constructs(source: Source) -> tuple[str, ...]:
    """The constructs of all versions, in the order of the first that has them."""
    return tuple(dict.fromkeys(c.key for study in source.definitions for c in study.constructs))


def long(source: Source) -> Table:
    """One row per rating."""
    keys = constructs(source)

    def lines() -> Iterator[tuple[Cell, ...]]:
        for row in queries.rated(source.session, source.who, source.now):
            before, values, after = response_cells(source, row), queries.values_of(row), answer_cells(row)
            for key in keys:
                if key in values:
                    yield (*before, key, values[key], *after)

    return Table((*RESPONSE_COLUMNS, "construct", "value", *ANSWER_COLUMNS), lines())


def wide(source: Source) -> Table:
    """One row per response, with a column for each construct."""
    keys = constructs(source)

    def lines() -> Iterator[tuple[Cell, ...]]:
        for row in queries.rated(source.session, source.who, source.now):
            values = queries.values_of(row)
            yield (*response_cells(source, row), *(values.get(key) for key in keys), *answer_cells(row))

    return Table((*RESPONSE_COLUMNS, *keys, *ANSWER_COLUMNS), lines(), keys)


def response_cells(source: Source, row: Row[Any]) -> tuple[Cell, ...]:
    return (
        *person_cells(source, row),
        row.condition,
        row.condition_label,
        row.item,
        row.question_id,
        row.position,
    )


def answer_cells(row: Row[Any]) -> tuple[Cell, ...]:
    return (
        row.is_answer_correct,
        row.shown_at,
        row.submitted_at,
        row.duration_ms,
        row.own_answer,
        row.comment,
    )


PARTICIPANT_COLUMNS = (
    "study",
    "version",
    "participant",
    "mode",
    "counted",
    "status",
    "flags",
    "seed",
    "consent_sha256",
    "consented_at",
    "started_at",
    "finished_at",
    "last_step_at",
    "comprehension_attempts",
    "attention_passed",
    "attention_shown",
    "items_answered",
    "exclusion_reason",
)


def participants(source: Source) -> Table:
    """One row per participant, with a column q_<key> for each question of the questionnaire."""
    keys = tuple(dict.fromkeys(q.key for study in source.definitions for q in study.questionnaire))
    external = ("external_id", "external_study_id", "external_attempt_id") if source.with_external_ids else ()

    def lines() -> Iterator[tuple[Cell, ...]]:
        rows = queries.participants(source.session, source.who, source.now)
        for _, of_one in groupby(rows, key=lambda row: row.Participant.id):
            found = list(of_one)
            values = {row.key: row.value for row in found}
            source.session.expunge(found[0].Participant)
            yield (
                *participant_cells(source, found[0]),
                *external_cells(source, found[0]),
                *(values.get(key) for key in keys),
            )

    return Table((*PARTICIPANT_COLUMNS, *external, *(f"q_{key}" for key in keys)), lines())


def participant_cells(source: Source, row: Row[Any]) -> tuple[Cell, ...]:
    person = row.Participant
    failed = person.checks_answered - person.checks_passed
    if row.participant_status == "erased":  # that there was somebody is all that is known
        known = (source.study.slug, row.version, person.pseudonym, person.mode, False, "erased")
        return (*known, *(None for _ in PARTICIPANT_COLUMNS[len(known) :]))
    return (
        source.study.slug,
        row.version,
        person.pseudonym,
        person.mode,
        counts(row.participant_status, is_counted=person.is_counted),
        row.participant_status,
        flags(
            is_late=person.is_late,
            failed_checks=failed,
            is_same_id=person.is_same_id,
            is_too_fast=person.id in source.too_fast,
        ),
        str(person.seed),  # as text: spreadsheets round whole numbers of more than 15 digits
        source.consents.get(person.consent_sha256 or ""),
        person.consented_at,
        person.started_at,
        person.finished_at,
        person.last_step_at,
        person.comprehension_attempts,
        person.checks_passed,
        person.checks_answered,
        person.items_answered,
        person.exclusion_reason,
    )


def external_cells(source: Source, row: Row[Any]) -> tuple[Cell, ...]:
    if not source.with_external_ids:
        return ()
    person = row.Participant
    return (person.external_id, person.parameters.get("study_id"), person.parameters.get("attempt_id"))


ITEM_COLUMNS = (
    "study",
    "version",
    "item",
    "condition",
    "condition_label",
    "source",
    "question_id",
    "premise",
    "question",
    "choices",
    "answer",
    "correct_answer",
    "answer_correct",
    "explanation",
    "explanation_length",
    "is_cut_off",
    "explanation_sha256",
    "item_sha256",
    "times_rated",
)


def items(source: Source) -> Table:
    """One row per item: every text shown, as it was shown, and how often it was rated."""

    def lines() -> Iterator[tuple[Cell, ...]]:
        for row in queries.items(source.session, source.study.id):
            item = row.Item
            source.session.expunge(item)
            yield (
                source.study.slug,
                row.version,
                item.id,
                row.condition,
                row.condition_label,
                row.source,
                item.question_key,
                item.premise,
                item.question,
                json.dumps(item.choices, ensure_ascii=False),
                item.answer,
                item.correct_answer,
                item.is_answer_correct,
                item.explanation,
                len(item.explanation),
                item.is_cut_off,
                item.explanation_sha256,
                item.sha256,
                item.answered,
            )

    return Table(ITEM_COLUMNS, lines())
