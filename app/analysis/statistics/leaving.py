"""Whether people leave a study at some conditions more than at others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from app.analysis.statistics.base import Matrix, Undefined, Vector

DRAWS = 9_999
SEED = 1


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """Of the texts of a condition that were due, how many their person left the study at."""

    group1: str
    due: int
    left: int
    share: float


@dataclass(frozen=True, kw_only=True)
class LeavingTest:
    """`n`: texts that were due; `left`: people who left. `p` is by random draws, `p_chi2` by the χ²."""

    n: int
    left: int
    chi2: float
    df: int
    p: float
    p_chi2: float


def leaving(frame: pd.DataFrame, group: str) -> list[Leaving]:
    """For each level of `group`; `left` marks the texts that somebody left at."""
    return [
        Leaving(
            group1=str(label), due=len(rows), left=int(rows["left"].sum()), share=float(rows["left"].mean())
        )
        for label, rows in frame.groupby(group, observed=True)
    ]


def leaving_test(frame: pd.DataFrame, group: str, strata: Sequence[str]) -> LeavingTest | Undefined:
    """Mantel's test: in each stratum, a place in the order, are those who left spread as who was there.

    With what is due as a group that changes from page to page, this is the log-rank test, or the score test
    of Cox's discrete model: each text that is due is a chance to leave, and everybody leaves at most once.
    The p-value counts random draws in which those who left are drawn from those who were there, so it needs
    no large numbers.
    Source: Mantel 1966, Cancer Chemotherapy Reports 50, 163-170; Cox 1972, J. R. Stat. Soc. B 34, 187-220.
    """
    if not frame["left"].any():
        return Undefined("Nobody left at a text, so there is nothing to compare.")
    there, left = counted(frame, group, strata)
    if there.shape[1] < 2:  # noqa: PLR2004  # two groups are what a comparison is
        return Undefined("Texts of fewer than two conditions were due, so there is nothing to compare.")
    gone, covariance = left.sum(axis=1), covariance_of(there, left.sum(axis=1))
    df = int(np.linalg.matrix_rank(covariance))
    if df == 0:
        return Undefined("Wherever somebody left, everybody saw the same condition: nothing can be compared.")
    inverse = np.asarray(np.linalg.pinv(covariance, hermitian=True), np.float64)
    expected = there * (gone / there.sum(axis=1))[:, None]
    chi2 = squares((left - expected).sum(axis=0)[None, :], inverse)[0]
    drawn = squares(draws(there, gone) - expected.sum(axis=0), inverse)
    as_far = int(np.sum(drawn >= chi2 - 1e-9))
    return LeavingTest(
        n=int(there.sum()),
        left=int(gone.sum()),
        chi2=float(chi2),
        df=df,
        p=(1 + as_far) / (1 + DRAWS),
        p_chi2=float(stats.chi2.sf(chi2, df)),
    )


def counted(frame: pd.DataFrame, group: str, strata: Sequence[str]) -> tuple[Matrix, Matrix]:
    """A row for each stratum, a column for each group: how many were there, and how many left."""
    place = frame.groupby(list(strata), sort=True).ngroup().to_numpy()
    labels, codes = np.unique(frame[group].astype(str), return_inverse=True)
    shape = (int(place.max()) + 1, len(labels))
    there, left = np.zeros(shape), np.zeros(shape)
    np.add.at(there, (place, codes), 1)
    np.add.at(left, (place, codes), frame["left"].to_numpy(np.float64))
    return there, left


def covariance_of(there: Matrix, gone: Vector) -> Matrix:
    """Of how many left in each group, summed over strata: multivariate hypergeometric."""
    total = np.zeros((there.shape[1], there.shape[1]))
    for row, many in zip(there, gone, strict=True):
        size = row.sum()
        if size > 1:
            share = row / size
            total += many * (size - many) / (size - 1) * (np.diag(share) - np.outer(share, share))
    return total


def draws(there: Matrix, gone: Vector) -> Matrix:
    """Who left in each group, in random draws from those who were there, summed over strata."""
    chance = np.random.default_rng(SEED)
    total = np.zeros((DRAWS, there.shape[1]))
    for row, many in zip(there.astype(int), gone.astype(int), strict=True):
        if many:
            total += chance.multivariate_hypergeometric(row, many, size=DRAWS, method="marginals")
    return total


def squares(differences: Matrix, inverse: Matrix) -> Vector:
    return np.asarray(np.einsum("ij,jk,ik->i", differences, inverse, differences), np.float64)
