"""Conditions compared at one size: each pair by Tukey's test, and all of them at once."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from app.analysis.statistics.base import Undefined, Vector, is_constant

CONFIDENCE = 0.95
NO_COMPARISON = Undefined("There are fewer than two conditions with runs, or no runs that differ.")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """`difference` is the mean of `second` less that of `first`, with a simultaneous 95 % interval."""

    size: str
    first: str
    second: str
    n: int
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, kw_only=True)
class OneWay:
    """One-way analysis of variance."""

    n: int
    f: float
    df1: int
    df2: int
    p: float


def tukey(size: str, groups: Mapping[str, Vector]) -> tuple[Pair, ...] | Undefined:
    """All pairs of conditions at one size. Source: Kramer 1956, Biometrics 12(3)."""
    if not can_compare(groups.values()):
        return NO_COMPARISON
    df = sum(map(len, groups.values())) - len(groups)
    ms = mean_square(groups.values(), df)
    quantile = float(stats.studentized_range.ppf(CONFIDENCE, len(groups), df))
    found = []
    for (first, a), (second, b) in combinations(groups.items(), 2):
        difference = float(b.mean() - a.mean())
        unit = float(np.sqrt(ms / 2 * (1 / len(a) + 1 / len(b))))
        p = float(stats.studentized_range.sf(abs(difference) / unit, len(groups), df))
        low, high = difference - quantile * unit, difference + quantile * unit
        pair = Pair(
            size=size,
            first=first,
            second=second,
            n=len(a) + len(b),
            difference=difference,
            low=low,
            high=high,
            p=min(p, 1.0),
        )
        found.append(pair)
    return tuple(found)


def one_way(groups: Collection[Vector]) -> OneWay | Undefined:
    if not can_compare(groups):
        return NO_COMPARISON
    n = sum(map(len, groups))
    f, p = stats.f_oneway(*groups)
    return OneWay(n=n, f=float(f), df1=len(groups) - 1, df2=n - len(groups), p=float(p))


def can_compare(groups: Collection[Vector]) -> bool:
    """Whether any group's values differ: a test on a variance of rounding errors would say nonsense."""
    return len(groups) > 1 and not all(map(is_constant, groups))


def mean_square(groups: Iterable[Vector], df: int) -> float:
    """Mean square within groups."""
    return sum(float(np.sum((values - values.mean()) ** 2)) for values in groups) / df
