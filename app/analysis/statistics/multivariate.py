"""All constructs at once: normal together, with the same covariances in all conditions, or not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from app.analysis.statistics.base import Matrix, Undefined, Vector, outcome_rows
from app.analysis.statistics.describe import Shapiro, shapiro

SINGULAR = 1e-10  # of a correlation matrix: below this determinant constructs are combinations of others


@dataclass(frozen=True, kw_only=True)
class BoxM:
    n: int
    chi2: float
    df: int
    p: float


def box_m(frame: pd.DataFrame, constructs: Sequence[str]) -> BoxM | Undefined:
    """Are the covariances of constructs the same in every condition? Presupposes normal values.

    Source: Box 1949, Biometrika 36(3/4), 317-346, the χ² approximation.
    """
    found = by_condition(frame, constructs)
    if isinstance(found, Undefined):
        return found
    width, count = len(constructs), len(found)
    free = np.array([len(values) - 1 for values in found])
    covariances = [np.cov(values, rowvar=False) for values in found]
    pooled = sum(df * one for df, one in zip(free, covariances, strict=True)) / free.sum()
    logs = np.array([log_determinant(one) for one in covariances])
    m = free.sum() * log_determinant(np.asarray(pooled)) - free @ logs
    scale = (2 * width**2 + 3 * width - 1) / (6 * (width + 1) * (count - 1))
    chi2 = float(m * (1 - scale * (np.sum(1 / free) - 1 / free.sum())))
    df = width * (width + 1) * (count - 1) // 2
    return BoxM(n=sum(map(len, found)), chi2=chi2, df=df, p=float(stats.chi2.sf(chi2, df)))


def by_condition(frame: pd.DataFrame, constructs: Sequence[str]) -> list[Matrix] | Undefined:
    """The values of each condition that has any, responses × constructs; or why they have no covariances."""
    if len(constructs) < 2:  # noqa: PLR2004  # a covariance needs two
        return Undefined("There is one construct, so there are no covariances to compare.")
    rows = outcome_rows(frame.dropna(subset=list(constructs)), constructs[0])
    found: list[Matrix] = []
    for label, group in rows.groupby("condition", observed=True):
        values = group[list(constructs)].to_numpy(np.float64)
        if not has_covariance(values):
            return Undefined(
                f"{label}: its {len(values)} responses are too few, or their constructs go together too "
                "closely, for a matrix of covariances that has an inverse."
            )
        found.append(values)
    if len(found) < 2:  # noqa: PLR2004  # two groups are what a comparison is
        return Undefined("There are values in fewer than two conditions, so there is nothing to compare.")
    return found


def has_covariance(values: Matrix) -> bool:
    """Whether responses × constructs have a matrix of covariances with an inverse."""
    n, width = values.shape
    if n <= width or bool(np.any(np.ptp(values, axis=0) == 0)):
        return False
    correlations = np.corrcoef(values, rowvar=False).reshape(width, width)
    return float(np.linalg.det(correlations)) > SINGULAR


def log_determinant(matrix: Matrix) -> float:
    return float(np.linalg.slogdet(matrix)[1])


def multivariate_shapiro(frame: pd.DataFrame, constructs: Sequence[str]) -> Shapiro | Undefined:
    """Shapiro-Wilk of the values in the direction of the response that is farthest from the mean.

    The distance is Mahalanobis'. Source: Malkovich & Afifi 1973, JASA 68(341), 176-179; its W has the p-value
    of one variable, as in R's mvnormtest.
    """
    values = frame[list(constructs)].dropna().to_numpy(np.float64)
    if len(constructs) < 2 or not has_covariance(values):  # noqa: PLR2004  # one has a test of its own
        return Undefined(
            f"{len(values)} responses of {len(constructs)} constructs have no matrix of covariances with an "
            "inverse, so their joint normality cannot be tested."
        )
    return shapiro(farthest(values))


def farthest(values: Matrix) -> Vector:
    """The values as seen along the farthest response."""
    away = values - values.mean(axis=0)
    scaled = np.linalg.solve(np.cov(values, rowvar=False), away.T)
    distances = np.einsum("ij,ji->i", away, scaled)
    return np.asarray(values @ scaled[:, int(np.argmax(distances))])
