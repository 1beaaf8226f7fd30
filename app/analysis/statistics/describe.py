"""Descriptive figures, normality and equality of spread, and outliers."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from app.analysis.statistics.base import Undefined, Vector, is_constant, too_few_groups

FEWEST_FOR_SHAPIRO = 3
MOST_FOR_SHAPIRO = 5_000  # Royston's approximation of the p-value was fitted up to here
OUTSIDE, FAR = 1.5, 3.0  # interquartile ranges: an outlier, an extreme one


@dataclass(frozen=True, kw_only=True)
class Description:
    """`sd` and `se` are absent for a single value."""

    n: int
    mean: float
    sd: float | None
    se: float | None
    median: float
    q1: float
    q3: float
    iqr: float
    min: float
    max: float


def describe(values: Vector) -> Description | Undefined:
    """Figures of one group. Quartiles: type 7 of Hyndman & Fan 1996, Am. Stat. 50(4), R's default."""
    n = len(values)
    if n == 0:
        return Undefined("There are no values.")
    q1, median, q3 = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
    sd = float(np.std(values, ddof=1)) if n > 1 else None
    se = None if sd is None else float(sd / np.sqrt(n))
    low, high = float(values.min()), float(values.max())
    return Description(
        n=n,
        mean=float(values.mean()),
        sd=sd,
        se=se,
        median=median,
        q1=q1,
        q3=q3,
        iqr=q3 - q1,
        min=low,
        max=high,
    )


@dataclass(frozen=True)
class Shapiro:
    n: int
    W: float
    p: float


def shapiro(values: Vector) -> Shapiro | Undefined:
    """Shapiro-Wilk test of normality. Source: Royston 1995, Applied Statistics 44(4), AS R94."""
    n = len(values)
    if n < FEWEST_FOR_SHAPIRO:
        return Undefined(f"The Shapiro-Wilk test needs three values; there are {n}.")
    if n > MOST_FOR_SHAPIRO:
        return Undefined(f"The Shapiro-Wilk test's p-value is not known above 5,000 values; there are {n}.")
    if is_constant(values):
        return Undefined("All values are the same, so the Shapiro-Wilk test does not exist.")
    found = stats.shapiro(values)
    return Shapiro(n, float(found.statistic), float(found.pvalue))


@dataclass(frozen=True, kw_only=True)
class Levene:
    n: int
    F: float
    df1: int
    df2: int
    p: float


def levene(found: Collection[Vector]) -> Levene | Undefined:
    """Equality of spread about the medians. Source: Brown & Forsythe 1974, JASA 69(346), 364-367."""
    if problem := too_few_groups(found):
        return problem
    n = sum(map(len, found))
    if all(is_constant(np.abs(values - np.median(values))) for values in found):
        return Undefined("Values differ equally from their median within each group: no test of spread.")
    test = stats.levene(*found, center="median")
    return Levene(n=n, F=float(test.statistic), df1=len(found) - 1, df2=n - len(found), p=float(test.pvalue))


@dataclass(frozen=True, kw_only=True)
class Fences:
    """Values outside [lower, upper] are outliers; a value on a fence is not."""

    n: int
    q1: float
    q3: float
    lower: float
    upper: float
    outliers: int
    extreme: int


def fences(values: Vector) -> Fences | Undefined:
    """Tukey's fences at 1.5 interquartile ranges; extreme at 3. Source: Tukey 1977, Exploratory Data An."""
    if len(values) == 0:
        return Undefined("There are no values.")
    q1, q3 = (float(q) for q in np.quantile(values, [0.25, 0.75]))
    lower, upper = limits(q1, q3, OUTSIDE)
    lowest, highest = limits(q1, q3, FAR)
    outside = (values < lower) | (values > upper)
    far = (values < lowest) | (values > highest)
    return Fences(
        n=len(values),
        q1=q1,
        q3=q3,
        lower=lower,
        upper=upper,
        outliers=int(outside.sum()),
        extreme=int(far.sum()),
    )


def limits(q1: float, q3: float, iqrs: float) -> tuple[float, float]:
    """So many interquartile ranges from the quartiles."""
    return q1 - iqrs * (q3 - q1), q3 + iqrs * (q3 - q1)


def outlier_rows(frame: pd.DataFrame, outcome: str, by: str = "condition") -> "pd.Series[bool]":
    """Which rows are outliers of the outcome within their group; a row without the outcome is none."""
    marked = pd.Series(data=False, index=frame.index)
    for _, group in frame.groupby(by, observed=True):
        values = group[outcome].dropna()
        found = fences(np.asarray(values, dtype=np.float64))
        if isinstance(found, Fences):
            marked[values.index] = (values < found.lower) | (values > found.upper)
    return marked
