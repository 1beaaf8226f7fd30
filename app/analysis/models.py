"""What the models that know of people and items say: tests of conditions in families, and gated pairs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from app.analysis.fitting import Answer, Answers, Linear
from app.analysis.material import QUALITY, TEXT, Material
from app.analysis.points import points
from app.analysis.proportional_odds import proportional_odds
from app.analysis.statistics.base import Undefined, conditions_of, in_families, outcome_rows
from app.analysis.statistics.contrasts import Contrast, contrasts, in_family, mixed_test, odds_ratios
from app.analysis.statistics.decision_study import decision_study
from app.analysis.statistics.equivalence import equivalence
from app.analysis.statistics.likelihood_ratio import LikelihoodRatio, likelihood_ratio
from app.analysis.tidy import Key, Note, Statistic, tidy

Found = Iterator[Statistic | Note]
MAIN = ("clmm", "mixed_model", "mixed_model_total")


def models(material: Material, versions: Mapping[str, pd.DataFrame], answers: Mapping[str, Answers]) -> Found:
    for variant, rows in versions.items():
        mine = {outcome: one.by_version[variant] for outcome, one in answers.items()}
        yield from cumulative_models(material, variant, rows, mine)
        yield from points(variant, rows, mine)
        yield from linear_models(material, variant, rows, mine)
        nominal = {name: one.nominal[variant] for name, one in answers.items() if variant in one.nominal}
        yield from proportional_odds(material, variant, nominal)
    plain = {outcome: one.plain for outcome, one in answers.items() if one.plain is not None}
    yield from without_person_condition(material, versions["all_rows"], plain)
    for outcome, one in answers.items():
        yield from decisions(outcome, one.by_version["all_rows"].total)
        for unit, left_out in one.without_one.items():
            yield from tidy(Key(f"without_one_{unit}", "all_rows", outcome), left_out)
        if outcome == QUALITY:
            yield from tidy(Key("mixed_model_participant", "all_rows", QUALITY), one.people_alone)


def cumulative_models(
    material: Material,
    variant: str,
    rows: pd.DataFrame,
    answers: Mapping[str, Answer],
    name: str = "clmm",
) -> Found:
    tests = {outcome: one.cumulative for outcome, one in answers.items() if one.cumulative is not None}
    for construct, one in in_family(tests, material.primary).items():
        key = Key(name, variant, construct)
        if isinstance(one, Undefined):
            yield from tidy(key, one)
            continue
        yield from tidy(key, one.model)
        yield from tidy(replace(key, analysis=f"{name}_test"), one.test)
        if one.bootstrap is not None:
            yield from tidy(replace(key, analysis=f"{name}_test"), one.bootstrap)
        yield Statistic(replace(key, analysis=f"{name}_test"), "p_holm", one.test.n, one.p_holm)
        pairs = contrasts(one.model, compared(rows, construct))
        key = replace(key, analysis=f"{name}_contrasts")
        yield from tidy(key, odds_ratios(pairs))
        yield from gated(key, pairs, one.p_holm)
        yield from equivalent(key, name, pairs, material.plan.log_odds)
    yield from with_correctness(material, variant, answers)


def gated(key: Key, pairs: Sequence[Contrast], omnibus: float | None) -> Found:
    """Pairs, and what lets one be claimed: the test of all conditions (in its family) and the pair's own.

    Source: Dmitrienko & Tamhane 2007, Pharm. Stat. 6(3), gatekeeping procedures.
    """
    yield from tidy(key, pairs)
    for one in pairs if omnibus is not None else ():
        place = replace(key, group1=one.group1, group2=one.group2)
        yield Statistic(place, "p_gated", None, max(one.p_holm, omnibus or 0.0))


def equivalent(key: Key, name: str, pairs: Sequence[Contrast], bound: float | None) -> Found:
    """Of a main model's pairs, and behind no test of all conditions: that one asks another question."""
    if bound is not None and name in MAIN:
        yield from tidy(replace(key, analysis=f"{name}_equivalence"), equivalence(pairs, bound))


def with_correctness(material: Material, variant: str, answers: Mapping[str, Answer]) -> Found:
    """Whether explanations of right answers are rated higher, and whether that differs by condition."""
    tests: dict[Key, LikelihoodRatio | Undefined] = {}
    for outcome, one in answers.items():
        if one.correct is None or one.interaction is None:
            continue
        key = Key("clmm_correct", variant, outcome)
        yield from tidy(key, one.correct)
        key = replace(key, analysis="clmm_correct_interaction")
        yield from tidy(key, one.interaction)
        if not isinstance(one.correct, Undefined) and not isinstance(one.interaction, Undefined):
            test = likelihood_ratio(one.interaction, one.correct)
            tests[replace(key, analysis="clmm_interaction_test")] = test
    yield from corrected(tests, material.primary)


def linear_models(
    material: Material,
    variant: str,
    rows: pd.DataFrame,
    answers: Mapping[str, Answer],
    name: str = "mixed_model",
) -> Found:
    """Adjusted for the explanation's length, which is the condition's doing; and not (`…_total`)."""
    fullest = {outcome: one.fullest for outcome, one in answers.items() if one.fullest}
    yield from linear_family(material, variant, rows, fullest, name)
    if material.covariates:
        total = {outcome: one.total for outcome, one in answers.items() if one.total}
        yield from linear_family(material, variant, rows, total, f"{name}_total", ())


def linear_family(
    material: Material,
    variant: str,
    rows: pd.DataFrame,
    answers: Mapping[str, Linear],
    name: str,
    covariates: Sequence[str] | None = None,
) -> Found:
    columns = material.covariates if covariates is None else covariates
    tests = {
        Key(f"{name}_test", variant, outcome): mixed_test(
            one.model, one.test, compared(rows, outcome, columns)
        )
        for outcome, one in answers.items()
    }
    adjusted = family(tests, material.primary)
    for outcome, one in answers.items():
        key = Key(name, variant, outcome)
        yield from tidy(key, one.model)
        if not isinstance(one.model, Undefined):
            pairs = contrasts(one.model, compared(rows, outcome, columns))
            omnibus = adjusted.get(Key(f"{name}_test", variant, outcome))
            yield from gated(replace(key, analysis=f"{name}_contrasts"), pairs, omnibus)
            yield from equivalent(key, name, pairs, material.plan.points)
    yield from corrected(tests, material.primary)


def without_person_condition(material: Material, rows: pd.DataFrame, answers: Mapping[str, Answer]) -> Found:
    """As the published analysis has it: nobody sees a condition in a way of their own."""
    if answers:
        yield from cumulative_models(material, "all_rows", rows, answers, "clmm_plain")
        yield from linear_models(material, "all_rows", rows, answers, "mixed_model_plain")


def decisions(outcome: str, found: Linear | None) -> Found:
    """How reliable a text's mean is, by a model not adjusted for length, which is the text's own."""
    if found is None or isinstance(found.model, Undefined):
        return
    study = decision_study(found.model, ("question", TEXT))
    yield from tidy(Key("d_study_need", "all_rows", outcome), study)
    if not isinstance(study, Undefined):
        yield from tidy(Key("d_study", "all_rows", outcome), study.means)


def compared(rows: pd.DataFrame, outcome: str, covariates: Sequence[str] = ()) -> list[str]:
    """The conditions a model of the outcome has: those with ratings; the first of them is its reference."""
    return conditions_of(outcome_rows(rows.dropna(subset=list(covariates)), outcome))


def corrected(tests: Mapping[Key, Any], primary: Sequence[str] = ()) -> Found:
    """Tests of several outcomes, with Holm's correction over the constructs of a family."""
    adjusted = family(tests, primary)
    for key, test in tests.items():
        yield from tidy(key, test)
        if key in adjusted:
            yield Statistic(key, "p_holm", test.n, adjusted[key])


def family(tests: Mapping[Key, Any], primary: Sequence[str]) -> dict[Key, float]:
    """Corrected p-values; Quality is the constructs' mean, and none of them."""
    keys = {key.construct: key for key in tests if key.construct != QUALITY}
    p_values = {
        name: None if isinstance(tests[key], Undefined) else float(tests[key].p) for name, key in keys.items()
    }
    return {keys[name]: p for name, p in in_families(p_values, primary).items()}
