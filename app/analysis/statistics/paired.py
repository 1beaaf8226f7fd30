"""The paired view: each person's mean of each condition, for people who rated all of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from app.analysis.statistics.base import Undefined, holm, is_constant, outcome_rows, pairs


@dataclass(frozen=True, kw_only=True)
class Friedman:
    """`n` people rated every condition; `dropped` did not and are left out."""

    n: int
    dropped: int
    chi2: float
    df: int
    p: float


@dataclass(frozen=True, kw_only=True)
class WilcoxonPair:
    """`statistic` is the sum of ranks of positive differences (first less second)."""

    group1: str
    group2: str
    n: int
    statistic: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class Paired:
    friedman: Friedman | Undefined
    wilcoxon: tuple[WilcoxonPair, ...]


def paired(frame: pd.DataFrame, outcome: str) -> Paired | Undefined:
    """Friedman's test and Wilcoxon's signed ranks of each pair (Holm), on participants' means.

    Sources: Friedman 1937, JASA 32(200); Wilcoxon 1945, Biometrics Bulletin 1(6), with zeros left out and a
    normal approximation corrected for ties and continuity, as R's wilcox.test does for tied data.
    """
    rows = outcome_rows(frame, outcome)
    if rows.empty:
        return Undefined("There are no ratings.")
    means = rows.pivot_table(index="participant", columns="condition", values=outcome, observed=True)
    complete = means.dropna()
    n, count = complete.shape
    if n < 2 or count < 2:  # noqa: PLR2004  # pairs, of people and of conditions
        return Undefined(
            f"People who rated every condition: {n}; a paired comparison needs two people and two conditions."
        )
    return Paired(friedman(complete, len(means) - n), tuple(signed_ranks(complete)))


def friedman(complete: pd.DataFrame, dropped: int) -> Friedman | Undefined:
    n, count = complete.shape
    if count < 3:  # noqa: PLR2004  # what the test is for
        return Undefined("Friedman's test needs three conditions; Wilcoxon's compares two.")
    values = complete.to_numpy(np.float64)
    if all(is_constant(row) for row in values):
        return Undefined("Every person rated all conditions alike, so Friedman's test does not exist.")
    test = stats.friedmanchisquare(*values.T)
    return Friedman(n=n, dropped=dropped, chi2=float(test.statistic), df=count - 1, p=float(test.pvalue))


def signed_ranks(complete: pd.DataFrame) -> list[WilcoxonPair]:
    """Pairs in which at least one person's means differ."""
    found: list[tuple[str, str, float, float]] = []
    for first, second in pairs([str(label) for label in complete.columns]):
        # Means of whole numbers: what differs by rounding alone is the same.
        difference = np.round(complete[first].to_numpy() - complete[second].to_numpy(), 9)
        if np.any(difference != 0):
            test = stats.wilcoxon(difference, method="asymptotic", correction=True)
            ranks = stats.rankdata(np.abs(difference[difference != 0]))
            positive = float(ranks[difference[difference != 0] > 0].sum())
            found.append((first, second, positive, float(test.pvalue)))
    adjusted = holm([p for *_, p in found])
    n = len(complete)
    return [
        WilcoxonPair(group1=first, group2=second, n=n, statistic=statistic, p=p, p_holm=corrected)
        for (first, second, statistic, p), corrected in zip(found, adjusted, strict=True)
    ]
