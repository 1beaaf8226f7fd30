"""What a fitted model says of the conditions: odds ratios of pairs, and likelihood-ratio tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import linalg

from app.analysis.statistics.base import Undefined, bonferroni, holm, in_families, outcome_rows, pairs
from app.analysis.statistics.bootstrap import Bootstrap
from app.analysis.statistics.cumulative import CumulativeModel, cumulative_model
from app.analysis.statistics.likelihood_ratio import LikelihoodRatio, likelihood_ratio
from app.analysis.statistics.mixed import MixedModel
from app.analysis.statistics.satterthwaite import FTest, f_test
from app.analysis.statistics.wald import weighted


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """The second condition less the first, with a 95 % interval; `p_holm` is over the pairs of one model.

    `statistic` is t with its `df`, or z.
    """

    group1: str
    group2: str
    estimate: float
    se: float
    statistic: float
    df: float | None
    p: float
    p_bonferroni: float
    p_holm: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class OddsRatio:
    """How many times the odds of a higher rating are in the second condition what they are in the first."""

    group1: str
    group2: str
    odds_ratio: float
    odds_ratio_low: float
    odds_ratio_high: float


def contrasts(model: MixedModel | CumulativeModel, labels: Sequence[str]) -> list[Contrast]:
    """Every pair of the model's conditions; the first label is its reference.

    Source: Searle 1971, Linear Models, 3.6.
    """
    names = [one.term for one in model.coefficients]
    estimates = np.array([one.estimate for one in model.coefficients])
    freedom = model.freedom if isinstance(model, MixedModel) else None
    found = []
    for first, second in pairs([label for label in labels if label == labels[0] or label in names]):
        weights = np.zeros(len(names))
        for label, sign in ((first, -1), (second, 1)):
            if label in names:
                weights[names.index(label)] = sign
        found.append((first, second, weighted(weights, estimates, model.covariance, freedom)))
    p_values = [one.p for _, _, one in found]
    adjusted = zip(found, bonferroni(p_values), holm(p_values), strict=True)
    return [
        Contrast(
            group1=first,
            group2=second,
            estimate=one.estimate,
            se=one.se,
            statistic=one.statistic,
            df=one.df,
            p=one.p,
            p_bonferroni=many,
            p_holm=fewer,
            low=one.low,
            high=one.high,
        )
        for (first, second, one), many, fewer in adjusted
    ]


def odds_ratios(found: Sequence[Contrast]) -> list[OddsRatio]:
    return [
        OddsRatio(
            group1=one.group1,
            group2=one.group2,
            odds_ratio=float(np.exp(one.estimate)),
            odds_ratio_low=float(np.exp(one.low)),
            odds_ratio_high=float(np.exp(one.high)),
        )
        for one in found
    ]


@dataclass(frozen=True, kw_only=True)
class MixedTest:
    """Of a linear mixed model's conditions; what counts is F, which knows how few texts there are."""

    n: int
    ratio: LikelihoodRatio
    f: FTest

    @property
    def p(self) -> float:
        return self.f.p


def mixed_test(
    model: MixedModel | Undefined, ratio: LikelihoodRatio | Undefined, labels: Sequence[str]
) -> MixedTest | Undefined:
    """`labels`: the model's conditions."""
    if isinstance(model, Undefined):
        return model
    return (
        ratio
        if isinstance(ratio, Undefined)
        else MixedTest(n=model.n, ratio=ratio, f=condition_f(model, labels))
    )


def condition_f(model: MixedModel, labels: Sequence[str]) -> FTest:
    """That the conditions do not differ, whichever of them is the reference."""
    names = [one.term for one in model.coefficients]
    means = np.array([[float(name == label) for name in names] for label in labels])
    weights = linalg.helmert(len(labels)) @ means  # orthonormal, so that the order of conditions is no matter
    estimates = np.array([one.estimate for one in model.coefficients])
    return f_test(weights, estimates, model.covariance, model.freedom)


@dataclass(frozen=True, kw_only=True)
class ConditionTest:
    """The test of one construct; `p_holm` is over the constructs of the study. `null`: without conditions."""

    construct: str
    model: CumulativeModel
    null: CumulativeModel
    test: LikelihoodRatio
    p_holm: float
    bootstrap: Bootstrap | None = None

    @property
    def p(self) -> float:
        """What counts: by simulated studies where there are any."""
        return self.test.p if self.bootstrap is None else self.bootstrap.p


Tests = Mapping[str, ConditionTest | Undefined]


def condition_tests(
    frame: pd.DataFrame, constructs: Sequence[str], factors: Sequence[str], primary: Sequence[str] = ()
) -> dict[str, ConditionTest | Undefined]:
    """A cumulative link mixed model of each construct, with and without condition; or why there is none."""
    return in_family({one: condition_model(frame, one, factors) for one in constructs}, primary)


def in_family(tests: Tests, primary: Sequence[str]) -> dict[str, ConditionTest | Undefined]:
    """The tests with Holm's correction over the constructs of their family."""
    p_values = {name: None if isinstance(one, Undefined) else one.p for name, one in tests.items()}
    adjusted = in_families(p_values, primary)
    return {
        name: one if isinstance(one, Undefined) else replace(one, p_holm=adjusted[name])
        for name, one in tests.items()
    }


def condition_model(
    frame: pd.DataFrame,
    construct: str,
    factors: Sequence[str],
    covariates: Sequence[str] = (),
    near: CumulativeModel | None = None,
) -> ConditionTest | Undefined:
    rows = outcome_rows(frame, construct)
    if len(rows["condition"].cat.categories) < 2:  # noqa: PLR2004  # a comparison needs two
        return Undefined("There are ratings in fewer than two conditions, so there is nothing to compare.")
    full = cumulative_model(rows, construct, factors, covariates, near=near)
    if isinstance(full, Undefined):
        return full
    null = cumulative_model(rows, construct, factors, covariates, with_condition=False, near=full)
    if isinstance(null, Undefined):
        return null
    test = likelihood_ratio(full, null)
    return (
        test
        if isinstance(test, Undefined)
        else ConditionTest(construct=construct, model=full, null=null, test=test, p_holm=test.p)
    )
