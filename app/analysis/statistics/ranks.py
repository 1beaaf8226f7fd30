"""Comparisons of conditions by ranks, as the published study made them. They take ratings as independent."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from app.analysis.statistics.base import (
    Undefined,
    Vector,
    bonferroni,
    groups,
    holm,
    is_constant,
    pairs,
    too_few_groups,
)

NO_RANKS = Undefined("All ratings are the same, so ranks cannot differ.")


@dataclass(frozen=True, kw_only=True)
class Kruskal:
    """`eta2` and `epsilon2`: Tomczak & Tomczak 2014, Trends in Sport Sciences 1(21), 19-25."""

    n: int
    H: float
    df: int
    p: float
    eta2: float | None
    epsilon2: float


def kruskal(frame: pd.DataFrame, outcome: str) -> Kruskal | Undefined:
    """Kruskal-Wallis test, corrected for ties. Source: Kruskal & Wallis 1952, JASA 47(260), 583-621."""
    found = groups(frame, outcome)
    if problem := too_few_groups(found.values()):
        return problem
    values = np.concatenate(list(found.values()))
    if is_constant(values):
        return NO_RANKS
    test = stats.kruskal(*found.values())
    n, count, statistic = len(values), len(found), float(test.statistic)
    eta2 = (statistic - count + 1) / (n - count) if n > count else None
    return Kruskal(
        n=n, H=statistic, df=count - 1, p=float(test.pvalue), eta2=eta2, epsilon2=statistic / (n - 1)
    )


@dataclass(frozen=True, kw_only=True)
class DunnPair:
    """`z` is positive where the second condition ranks higher."""

    group1: str
    group2: str
    n: int
    z: float
    p: float
    p_bonferroni: float
    p_holm: float


def dunn(frame: pd.DataFrame, outcome: str) -> list[DunnPair] | Undefined:
    """Pairwise comparison of mean ranks over all conditions. Source: Dunn 1964, Technometrics 6(3)."""
    found = groups(frame, outcome)
    if problem := too_few_groups(found.values()):
        return problem
    values = np.concatenate(list(found.values()))
    if is_constant(values):
        return NO_RANKS
    variance = rank_variance(values)
    ranks = np.split(stats.rankdata(values), np.cumsum([len(group) for group in found.values()])[:-1])
    ranked = dict(zip(found, ranks, strict=True))
    chosen = pairs(list(found))
    scores = [mean_rank_z(ranked[first], ranked[second], variance) for first, second in chosen]
    p_values = [float(2 * stats.norm.sf(abs(z))) for z in scores]
    rows = zip(chosen, scores, p_values, bonferroni(p_values), holm(p_values), strict=True)
    return [
        DunnPair(
            group1=first,
            group2=second,
            n=len(ranked[first]) + len(ranked[second]),
            z=z,
            p=p,
            p_bonferroni=p_bonferroni,
            p_holm=p_holm,
        )
        for (first, second), z, p, p_bonferroni, p_holm in rows
    ]


def rank_variance(values: Vector) -> float:
    """The variance of one rank, corrected for ties."""
    n = len(values)
    _, ties = np.unique(values, return_counts=True)
    times = ties.astype(np.float64)
    return float(n * (n + 1) / 12 - np.sum(times**3 - times) / (12 * (n - 1)))


def mean_rank_z(first: Vector, second: Vector, variance: float) -> float:
    spread = np.sqrt(variance * (1 / len(first) + 1 / len(second)))
    return float((second.mean() - first.mean()) / spread)
