"""The published study's file: its columns, names and codes, so that its authors' script reads ours."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from app.contract.study import Condition, StudyDefinition
from app.errors import Conflict
from app.exports import queries
from app.exports.base import Cell, Source, Table
from app.models import StudyVersion

CONSTRUCTS = ("completeness", "contrastiveness", "plausibility", "satisfaction", "understandability")
ASKED = ("gender", "age", "country", "education", "employement")  # the last one spelled as published
PAPER_COLUMNS = (
    "CASE",
    "rationale",
    *(construct.capitalize() for construct in CONSTRUCTS),
    "rationale_id",
    "model",
    "rationale_length",
    *ASKED,
)
NO_ANSWER = "No answer"
# The published code of the first, second and third text that a person rated of a model.
SLOTS = {
    "CF:PosRationales": ("RE09", "RE16", "RE17"),
    "MT:PosRationales": ("RE08", "RE14", "RE15"),
    "MT+CF:PosRationales": ("RE10", "RE18", "RE19"),
    "MT+CF:RevRationales": ("RE11", "RE12", "RE13"),
}

Versions = Sequence[tuple[int, StudyDefinition]]


def paper(source: Source) -> Table:
    """One row per response, in the order of the wide export. Raises: Conflict if the study does not fit.

    There are no columns for mode and counted, so it is of those alone who count, whoever else was asked for.
    """
    source = replace(source, who=queries.chosen(source.study), modes=[source.study.audience])
    versions = versions_of(source)
    check_keys(versions)
    check_scales(versions)
    models = models_by_condition(versions)
    numbers = {model: number for number, model in enumerate(dict.fromkeys(models.values()), 1)}
    rows = queries.responses(source.session, source.who, CONSTRUCTS, ASKED)

    def lines() -> Iterator[tuple[Cell, ...]]:
        for case, (_, found) in enumerate(groupby(rows, key=lambda row: row.participant), 1):
            rated: Counter[str] = Counter()
            for row in found:
                model = models[row.condition]
                rated[model] += 1
                yield (case, *cells(row, model, slot_code(model, numbers[model], rated[model])))

    return Table(PAPER_COLUMNS, lines())


def cells(row: Row[Any], model: str, slot: str) -> tuple[Cell, ...]:
    _, _, question, explanation, *values = tuple(row)
    ratings, answers = values[: len(CONSTRUCTS)], values[len(CONSTRUCTS) :]
    asked = (answer or NO_ANSWER for answer in answers)
    return (slot, *ratings, question, model, len(explanation), *asked)


def slot_code(model: str, number: int, nth: int) -> str:
    """The code of the n-th text a person rated of a model, the study's `number`-th.

    What was not published gets three digits and more, which no published code has: RE, the model's number
    and n in two digits (no one rates more than 64 items).
    """
    published = SLOTS.get(model, ())
    return published[nth - 1] if nth <= len(published) else f"RE{number}{nth:02}"


def model_name(condition: Condition) -> str:
    """The condition's `paper_name`, or its label in the paper's words."""
    if condition.paper_name is not None:
        return condition.paper_name
    return condition.label.replace("Unrevised", "PosRationales").replace("Revised", "RevRationales")


def versions_of(source: Source) -> Versions:
    """The versions that rows come from; of a study nobody has rated in yet, all there are."""
    rated = queries.answered_versions(source.session, source.who)
    return [(version.number, definition(version)) for version in rated] or list(
        enumerate(source.definitions, 1)
    )


def definition(version: StudyVersion) -> StudyDefinition:
    return StudyDefinition.model_validate(version.definition)


def check_keys(versions: Versions) -> None:
    for number, study in versions:
        constructs = {construct.key for construct in study.constructs}
        asked = {question.key for question in study.questionnaire}
        for key in CONSTRUCTS:
            if key not in constructs:
                raise Conflict(f"The paper format needs a construct '{key}', and version {number} has none.")
        for key in ASKED:
            if key not in asked:
                raise Conflict(
                    f"The paper format needs a question '{key}' in the questionnaire, and version {number} "
                    "has none."
                )


def check_scales(versions: Versions) -> None:
    """A 4 of 5 and a 4 of 7 must not stand in one column."""
    for key in CONSTRUCTS:
        points = {number: scale_points(study, key) for number, study in versions}
        disagreeing(points, f"construct '{key}'", "{} points")


def scale_points(study: StudyDefinition, key: str) -> int:
    scale = next(construct.scale for construct in study.constructs if construct.key == key)
    return len(study.scales[scale])


def models_by_condition(versions: Versions) -> dict[str, str]:
    """Condition key → model, in the order of the versions."""
    names = [(number, c.key, model_name(c)) for number, study in versions for c in study.conditions]
    for key in dict.fromkeys(key for _, key, _ in names):
        disagreeing({number: name for number, k, name in names if k == key}, f"condition '{key}'", "'{}'")
    first: dict[tuple[int, str], str] = {}
    for number, key, name in names:
        other = first.setdefault((number, name), key)
        if other != key:
            raise Conflict(
                f"The paper format needs a name for each condition, and in version {number} both '{other}' "
                f"and '{key}' are '{name}'."
            )
    return {key: name for _, key, name in names}


def disagreeing(values: Mapping[int, object], what: str, said: str) -> None:
    """Raises: Conflict if two versions do not say the same of something."""
    first, *others = values.items()
    for number, value in others:
        if value != first[1]:
            raise Conflict(
                f"The versions disagree about {what}: {said.format(first[1])} in version {first[0]}, "
                f"{said.format(value)} in version {number}; the paper format has one column for both."
            )
