"""Satterthwaite's degrees of freedom: what few people or texts do to t and F tests of a linear mixed model.

A contrast's variance V is itself estimated; degrees of freedom are 2 over the variance of log V's estimate.
That has, by the delta method, the residual variance's own part, 2 / df, and what the relative standard
deviations add. Sources: Satterthwaite 1946, Biometrics Bulletin 2(6); Fai & Cornelius 1996,
J. Stat. Comput. Simul. 54; Kuznetsova, Brockhoff & Christensen 2017, J. Stat. Softw. 82(13) (R's lmerTest).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from app.analysis.statistics.base import Matrix, Vector

NONE = 1e-8  # an eigenvalue below this share of the largest is none
EQUAL = 1e-8
LEAST = 2  # an F distribution of fewer has no mean


@dataclass(frozen=True, kw_only=True)
class Freedom:
    """`rest`: what the residual variance has; `spread`: the covariance of the relative standard deviations;
    `changes`: what each of them does to the covariance of the coefficients.
    """

    rest: int
    spread: Matrix
    changes: tuple[Matrix, ...]

    def of(self, weights: Vector, covariance: Matrix) -> float:
        """Degrees of freedom of a weighted sum of the coefficients."""
        variance = float(weights @ covariance @ weights)
        slopes = np.array([weights @ change @ weights for change in self.changes]) / variance
        return float(2 / (2 / self.rest + slopes @ self.spread @ slopes))


@dataclass(frozen=True, kw_only=True)
class FTest:
    F: float
    df1: int
    df2: float
    p: float


def f_test(weights: Matrix, estimates: Vector, covariance: Matrix, freedom: Freedom) -> FTest:
    """That all rows' weighted sums are zero: F is the mean of squares of independent t, one for each row."""
    variances, directions = np.linalg.eigh(weights @ covariance @ weights.T)
    kept = variances > NONE * variances.max()
    rows = directions[:, kept].T @ weights
    value = float(np.mean((rows @ estimates) ** 2 / variances[kept]))
    df2 = together(np.array([freedom.of(row, covariance) for row in rows]))
    return FTest(F=value, df1=len(rows), df2=df2, p=float(stats.f.sf(value, len(rows), df2)))


def together(degrees: Vector) -> float:
    """Of the F whose mean is the mean of the squared t's."""
    if np.ptp(degrees) < EQUAL:
        return float(degrees.mean())
    if np.any(degrees <= LEAST):
        return float(LEAST)
    total = float(np.sum(degrees / (degrees - 2)))
    return 2 * total / (total - len(degrees))
