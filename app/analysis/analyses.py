"""Every analysis of a study's ratings, and which rows each version of it is made on."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from app.analysis.course import Course
from app.analysis.duration import expected_s, in_words
from app.analysis.fitting import answered, asked, questions_of
from app.analysis.independent import joint, plain_models
from app.analysis.material import BY_HAND, BY_RULE, CORRECT, LENGTH, QUALITY, STATUS, TEXT, Material, marked
from app.analysis.models import corrected, models
from app.analysis.order import order
from app.analysis.side_by_side import Here, processes_for
from app.analysis.statistics.agreement import alpha, component_icc, one_way_icc
from app.analysis.statistics.association import correlations, cronbach
from app.analysis.statistics.base import groups, values_of
from app.analysis.statistics.describe import describe, fences, levene, outlier_rows, shapiro
from app.analysis.statistics.effects import superiority
from app.analysis.statistics.linear import linear_model
from app.analysis.statistics.paired import paired
from app.analysis.statistics.ranks import dunn, kruskal
from app.analysis.tidy import Key, Note, Statistic, tidy

Found = Iterator[Statistic | Note]
Comparison = Callable[[pd.DataFrame, str], object]
PAIRWISE: tuple[tuple[str, Comparison], ...] = (("dunn", dunn), ("vargha_delaney", superiority))


def everything(material: Material, executor: Executor | None = None, course: Course | None = None) -> Found:
    """All analyses in all versions. The models that know of people and items come first, and are fitted while
    the others are made.
    """
    course, versions = course or Course(), versions_of(material)
    questions = questions_of(material, versions)
    course.expected = in_words(expected_s(questions, processes_for(len(material.frame))))
    fitted = asked(questions, executor or Here(), course)
    others = list(without_models(material, versions))
    yield from models(material, versions, answered(fitted))
    yield from others


def without_models(material: Material, versions: dict[str, pd.DataFrame]) -> Found:
    yield from order(material)
    for variant, rows in versions.items():
        yield from simple(material, variant, rows)
        yield from linear_models(material, variant, rows)
    yield from published(material, versions)
    yield from reliability(material)
    yield from correctness(material)
    yield from people(material)


def people(material: Material) -> Found:
    """Who took part, each person counted once; how much each gave; how long each condition's texts are."""
    frame = material.frame
    per_person = np.asarray(frame.groupby("participant").size(), dtype=np.float64)
    yield from tidy(Key("responses_per_person", "all_rows"), describe(per_person))
    persons = frame.drop_duplicates("participant")
    for control in material.controls:
        for level, count in persons[control].astype(str).value_counts().sort_index().items():
            key = Key("participants", "all_rows", group1=control, term=str(level))
            yield Statistic(key, "people", len(persons), float(count))
            yield Statistic(key, "share", len(persons), float(count / len(persons)))
    if material.has(LENGTH):
        for label, values in groups(frame.dropna(subset=[LENGTH]), LENGTH).items():
            yield from tidy(Key("explanation_length", "all_rows", group1=label), describe(values))


def versions_of(material: Material) -> dict[str, pd.DataFrame]:
    """All rows; where that leaves out anybody, without those whom rules or a researcher excluded, without the
    researcher's alone, and of people who completed the study.
    """
    frame = material.frame
    found = {"all_rows": frame, "no_outliers": frame[~outlier_rows(frame, QUALITY)]}
    by_hand = marked(frame, BY_HAND)
    by_anything = by_hand | marked(frame, BY_RULE)
    if BY_RULE in frame and by_anything.any():
        found["exclusions"] = frame[~by_anything]
    if by_hand.any() and not (BY_RULE in frame and by_anything.equals(by_hand)):
        found["by_hand"] = frame[~by_hand]
    if STATUS in frame and 0 < (frame[STATUS] == "completed").sum() < len(frame):
        found["completers"] = frame[frame[STATUS] == "completed"]
    return found


def published(material: Material, versions: dict[str, pd.DataFrame]) -> Found:
    """What the published study did: ranks on all rows, the linear model without outliers."""
    yield from simple(material, "published", versions["all_rows"])
    yield from linear_models(material, "published", versions["no_outliers"])


def simple(material: Material, variant: str, rows: pd.DataFrame) -> Found:
    for outcome in material.outcomes:
        key = Key("describe", variant, outcome)
        yield from tidy(key, describe(values_of(rows.dropna(subset=[outcome]), outcome)))
        for label, values in groups(rows, outcome).items():
            for name, statistic in (("describe", describe), ("shapiro", shapiro), ("outliers", fences)):
                found: Any = statistic(values)
                yield from tidy(Key(name, variant, outcome, group1=label), found)
        yield from tidy(Key("levene", variant, outcome), levene(groups(rows, outcome).values()))
        for name, compare in PAIRWISE:
            yield from tidy(Key(name, variant, outcome), compare(rows, outcome))
        if variant != "published":
            yield from tidy(Key("paired", variant, outcome), paired(rows, outcome))
    tests = {Key("kruskal", variant, outcome): kruskal(rows, outcome) for outcome in material.outcomes}
    yield from corrected(tests, material.primary)
    yield from tidy(Key("correlation", variant), correlations(rows, material.constructs))
    yield from tidy(Key("cronbach", variant), cronbach(rows, material.constructs))
    yield from joint(material, variant, rows)
    yield from plain_models(material, variant, rows)


def linear_models(material: Material, variant: str, rows: pd.DataFrame) -> Found:
    key = Key("linear_model", variant, QUALITY)
    yield from tidy(key, linear_model(rows, QUALITY, material.covariates))
    if material.controls:
        found = linear_model(rows, QUALITY, material.covariates, material.controls)
        yield from tidy(replace(key, analysis="linear_model_controls"), found)


def reliability(material: Material) -> Found:
    """Agreement is of ratings of one text; without two raters of a text there is none, and it is said."""
    frame = material.frame
    for outcome in material.outcomes:
        for level in ("ordinal", "interval"):
            key = Key(f"krippendorff_{level}", "all_rows", outcome)
            yield from tidy(
                key, alpha(frame, outcome, [TEXT], "ordinal" if level == "ordinal" else "interval")
            )
        yield from tidy(Key("icc", "all_rows", outcome), component_icc(frame, outcome))
        for unit in ("participant", TEXT):
            key = Key("icc_one_way", "all_rows", outcome, term=unit)
            yield from tidy(key, one_way_icc(frame, outcome, unit))


def correctness(material: Material) -> Found:
    """Figures and tests of conditions apart for explanations of right and of wrong answers."""
    if not material.has(CORRECT):
        return  # the report says so
    for value, name in ((1, "right"), (0, "wrong")):
        rows = material.frame[material.frame[CORRECT] == value]
        for outcome in material.outcomes:
            for label, values in groups(rows, outcome).items():
                key = Key("describe_by_correctness", "all_rows", outcome, label, term=f"answer {name}")
                yield from tidy(key, describe(values))
            for test, compare in (("kruskal", kruskal), *PAIRWISE):
                key = Key(f"{test}_by_correctness", "all_rows", outcome, term=f"answer {name}")
                yield from tidy(key, compare(rows, outcome))
