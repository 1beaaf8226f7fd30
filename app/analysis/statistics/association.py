"""How constructs go together: correlations and Cronbach's α."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from app.analysis.statistics.base import Undefined, is_constant, pairs, values_of

ROUNDING = 1e-12  # below this share, what is left of a sum is rounding
FEWEST = 4  # an interval by Fisher's z needs four pairs


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """`r`, its t, df, p and 95 % interval are Pearson's; `rho` and `rho_p` Spearman's."""

    group1: str
    group2: str
    n: int
    r: float
    t: float | None
    df: int
    p: float
    r_low: float
    r_high: float
    rho: float
    rho_p: float


def correlations(frame: pd.DataFrame, constructs: tuple[str, ...]) -> list[Correlation | Undefined]:
    """Pearson and Spearman of each pair of constructs.

    Sources: Pearson 1895; interval: Fisher 1921; Spearman 1904, p by the t approximation (R: exact = FALSE).
    """
    return [correlate(frame, first, second) for first, second in pairs(list(constructs))]


def correlate(frame: pd.DataFrame, first: str, second: str) -> Correlation | Undefined:
    rows = frame[[first, second]].dropna()
    x, y = values_of(rows, first), values_of(rows, second)
    n = len(rows)
    if n < FEWEST:
        return Undefined(f"{first} and {second}: a correlation needs four ratings of both; there are {n}.")
    if is_constant(x) or is_constant(y):
        return Undefined(f"{first} and {second}: all ratings of one of them are the same: no correlation.")
    pearson, spearman = stats.pearsonr(x, y), stats.spearmanr(x, y)
    limits = pearson.confidence_interval()
    r = float(pearson.statistic)
    t = float(r * np.sqrt((n - 2) / (1 - r * r))) if abs(r) < 1 else None
    return Correlation(
        group1=first,
        group2=second,
        n=n,
        r=r,
        t=t,
        df=n - 2,
        p=float(pearson.pvalue),
        r_low=float(limits.low),
        r_high=float(limits.high),
        rho=float(spearman.statistic),
        rho_p=float(spearman.pvalue),
    )


@dataclass(frozen=True)
class Cronbach:
    """`alpha` from covariances, `alpha_std` from correlations (absent where a construct does not vary)."""

    n: int
    alpha: float
    alpha_std: float | None


def cronbach(frame: pd.DataFrame, constructs: tuple[str, ...]) -> Cronbach | Undefined:
    """Internal consistency of the constructs as one scale. Source: Cronbach 1951, Psychometrika 16(3)."""
    rows = frame[list(constructs)].dropna()
    count, n = len(constructs), len(rows)
    if count < 2 or n < 2:  # noqa: PLR2004  # a covariance needs two of each
        return Undefined("Cronbach's α needs two constructs and two responses that have them all.")
    covariance = np.cov(rows.to_numpy(np.float64), rowvar=False)
    total, own = float(covariance.sum()), np.diag(covariance)
    if total <= ROUNDING * own.sum():
        return Undefined("The sum of the constructs does not vary, so Cronbach's α does not exist.")
    alpha = count / (count - 1) * (1 - float(own.sum()) / total)
    return Cronbach(n, alpha, standardised(covariance) if bool((own > 0).all()) else None)


def standardised(covariance: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float | None:
    count = len(covariance)
    sd = np.sqrt(np.diag(covariance))
    mean_r = ((covariance / np.outer(sd, sd)).sum() - count) / (count * (count - 1))
    total = 1 + (count - 1) * mean_r
    return float(count * mean_r / total) if total > ROUNDING else None
