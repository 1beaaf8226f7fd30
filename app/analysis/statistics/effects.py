"""How often a rating of one condition is above one of another: Vargha-Delaney's A and Cliff's δ."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from app.analysis.statistics.base import Undefined, Vector, groups, is_constant, pairs, too_few_groups

Z95 = float(stats.norm.ppf(0.975))


@dataclass(frozen=True, kw_only=True)
class Superiority:
    """`A` above .5: the first condition's ratings are higher. The limits are of a 95 % interval.

    `U` and `p` are the Mann-Whitney test's, with correction for ties and continuity.
    """

    group1: str
    group2: str
    n: int
    A: float
    A_low: float | None
    A_high: float | None
    delta: float
    delta_low: float | None
    delta_high: float | None
    U: float
    p: float | None


def superiority(frame: pd.DataFrame, outcome: str) -> list[Superiority] | Undefined:
    """Vargha-Delaney's A and Cliff's δ = 2A - 1 for each pair of conditions.

    Sources: Vargha & Delaney 2000, J. Educ. Behav. Stat. 25(2), 101-132; Cliff 1993, Psychol. Bull. 114(3).
    """
    found = groups(frame, outcome)
    if problem := too_few_groups(found.values()):
        return problem
    return [compare(first, second, found[first], found[second]) for first, second in pairs(list(found))]


def compare(label1: str, label2: str, first: Vector, second: Vector) -> Superiority:
    test = stats.mannwhitneyu(first, second, method="asymptotic") if differs(first, second) else None
    statistic = float(test.statistic) if test else len(first) * len(second) / 2
    a = statistic / (len(first) * len(second))
    low, high = interval(a, first, second)
    delta_low, delta_high = (None if limit is None else 2 * limit - 1 for limit in (low, high))
    return Superiority(
        group1=label1,
        group2=label2,
        n=len(first) + len(second),
        A=a,
        A_low=low,
        A_high=high,
        delta=2 * a - 1,
        delta_low=delta_low,
        delta_high=delta_high,
        U=statistic,
        p=float(test.pvalue) if test else None,
    )


def differs(first: Vector, second: Vector) -> bool:
    return not is_constant(np.concatenate([first, second]))


def interval(a: float, first: Vector, second: Vector) -> tuple[float | None, float | None]:
    """A 95 % interval for A on the logit scale, so that it stays within 0 and 1; none at 0, 1 or no spread.

    Variance: DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44(3), 837-845, from placements.
    """
    if min(len(first), len(second)) < 2 or a in {0.0, 1.0}:  # noqa: PLR2004  # a variance needs two
        return None, None
    variance = placements(first, second).var(ddof=1) / len(first)
    variance += placements(second, first).var(ddof=1) / len(second)
    if variance == 0:
        return None, None
    half = Z95 * np.sqrt(variance) / (a * (1 - a))
    centre = np.log(a / (1 - a))
    low, high = (float(1 / (1 + np.exp(-limit))) for limit in (centre - half, centre + half))
    return low, high


def placements(of: Vector, among: Vector) -> Vector:
    """For each value the share of the others below it, ties counted half."""
    ordered = np.sort(among)
    below = np.searchsorted(ordered, of, "left") + np.searchsorted(ordered, of, "right")
    return np.asarray(below / (2 * len(among)), dtype=np.float64)
