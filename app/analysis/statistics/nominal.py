"""The cumulative link mixed model in which each condition has thresholds of its own.

The model of cumulative.py says that a condition moves every threshold alike: its odds are proportional. This
one does not (nominal effects of condition): P(y <= c) = F(threshold_{condition, c} - Σ_f σ_f u_f). Sources:
Peterson & Harrell 1990, Appl. Stat. 39(2); `nominal = ~ condition` in Christensen's R package `ordinal`.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

import numpy as np
from scipy import stats

from app.analysis.statistics.base import Codes, Matrix, Undefined, Vector, holm
from app.analysis.statistics.climbing import NO_MAXIMUM
from app.analysis.statistics.crossed import Crossed
from app.analysis.statistics.laplace import Laplace, Ordinal
from app.analysis.statistics.linear import Coefficient
from app.analysis.statistics.newton import climb, information_at
from app.analysis.statistics.wald import wald

NO_BOUND = -1


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Which parameter each threshold of each condition is; `counts`: ratings by condition and category.

    A threshold below (above) all ratings of a condition is -∞ (∞), where its likelihood is largest, and no
    parameter; those on both sides of a category that a condition lacks are the same one.
    """

    counts: Codes

    @cached_property
    def places(self) -> Codes:
        """Parameters by condition and threshold, or NO_BOUND."""
        places = np.full((self.counts.shape[0], self.counts.shape[1] - 1), NO_BOUND, np.intp)
        number = NO_BOUND
        for condition, row in enumerate(self.counts):
            used = np.flatnonzero(row)
            for low, high in pairwise(used):
                number += 1
                places[condition, low:high] = number
        return places

    @property
    def total(self) -> int:
        return int(self.places.max()) + 1

    def edges(self, parameters: Vector) -> Matrix:
        """All edges of the categories by condition, with -∞ and ∞ at the ends."""
        is_above = np.cumsum(self.counts, axis=1)[:, :-1] > 0
        inner = np.where(is_above, np.inf, -np.inf)
        bounded = self.places != NO_BOUND
        inner[bounded] = parameters[self.places[bounded]]
        ends = np.full((len(self.counts), 1), np.inf)
        return np.hstack([-ends, inner, ends])

    def collected(self, inner: Matrix) -> Vector:
        """The gradient by parameters, from that by condition and threshold."""
        bounded = self.places != NO_BOUND
        return np.asarray(np.bincount(self.places[bounded], inner[bounded], self.total), np.float64)


@dataclass(frozen=True, kw_only=True)
class ByCondition(Ordinal):
    """The conditions' scales as a single long one, one after another, with ∞ and -∞ between them.

    `categories` and `count` are of the long scale, so that its likelihood is that of all ratings.
    """

    own: Thresholds

    def split(self, parameters: Vector) -> tuple[Vector, Vector, Vector]:
        edges = self.own.edges(parameters[: self.own.total])
        return edges.ravel()[1:-1], np.zeros(0), parameters[self.own.total :]

    def are_ordered(self, thresholds: Vector) -> bool:
        """Whether every category has room in the conditions that have ratings of it."""
        counts = self.own.counts
        edges = np.concatenate([[-np.inf], thresholds, [np.inf]]).reshape(len(counts), -1)
        return bool(np.all((edges[:, 1:] > edges[:, :-1])[counts > 0]))

    def collected(self, gradient: Vector) -> Vector:
        """From the gradient by all of the long scale's edges, that by what is estimated."""
        ends = self.count - 1
        edges = np.concatenate([[0.0], gradient[:ends], [0.0]]).reshape(len(self.own.counts), -1)
        return np.concatenate([self.own.collected(edges[:, 1:-1]), gradient[ends:]])


@dataclass(frozen=True, kw_only=True)
class NominalModel:
    """`cuts` names the thresholds; `places` says which coefficient a condition has at each (or NO_BOUND)."""

    n: int
    conditions: tuple[str, ...]
    cuts: tuple[str, ...]
    places: Codes
    coefficients: tuple[Coefficient, ...]
    covariance: Matrix
    deviations: dict[str, float]
    loglik: float

    def difference(self, first: int, second: int) -> tuple[list[str], Vector, Matrix]:
        """Log odds above each threshold with a bound in both: the second condition less the first.

        Which thresholds, the differences, and their covariance.
        """
        shared = np.flatnonzero(np.all(self.places[[first, second]] != NO_BOUND, axis=0))
        weights, rows = np.zeros((len(shared), len(self.coefficients))), np.arange(len(shared))
        weights[rows, self.places[first, shared]] += 1
        weights[rows, self.places[second, shared]] -= 1
        estimates = np.array([one.estimate for one in self.coefficients])
        return [self.cuts[cut] for cut in shared], weights @ estimates, weights @ self.covariance @ weights.T


@dataclass(frozen=True, kw_only=True)
class Rated:
    """Ratings as categories of one scale, and the conditions they were given in."""

    categories: Codes
    groups: Codes
    factors: Crossed
    conditions: tuple[str, ...]
    cuts: tuple[str, ...]

    @cached_property
    def counts(self) -> Codes:
        counts = np.zeros((len(self.conditions), len(self.cuts) + 1), np.intp)
        np.add.at(counts, (self.groups, self.categories), 1)
        return counts


def nominal_model(rated: Rated, thresholds: Matrix, deviations: Vector) -> NominalModel | Undefined:
    """From thresholds by condition and standard deviations that are near the maximum, by Newton's steps."""
    own, width = Thresholds(counts=rated.counts), len(rated.cuts) + 2
    data = ByCondition(
        categories=rated.groups * width + rated.categories,
        count=len(rated.conditions) * width - 1,
        matrix=np.zeros((len(rated.categories), 0)),
        factors=rated.factors,
        own=own,
    )
    laplace = Laplace(data)

    def likelihood(parameters: Vector) -> tuple[float, Vector] | None:
        if not data.are_ordered(data.split(parameters)[0]):
            return None
        value, gradient = laplace.evaluate(parameters)
        return value, data.collected(gradient)

    start = own.collected(thresholds) / own.collected(np.ones_like(thresholds))
    here = np.concatenate([start, deviations])
    summit = climb(likelihood, here, information_at(likelihood, here))
    if summit is None:
        return NO_MAXIMUM
    covariance = np.asarray(np.linalg.inv(summit.information), np.float64)[: own.total, : own.total]
    return NominalModel(
        n=len(rated.categories),
        conditions=rated.conditions,
        cuts=rated.cuts,
        places=own.places,
        coefficients=wald([""] * own.total, summit.parameters[: own.total], covariance),
        covariance=covariance,
        deviations=dict(
            zip(rated.factors.names, map(float, np.abs(summit.parameters[own.total :])), strict=True)
        ),
        loglik=summit.value,
    )


@dataclass(frozen=True, kw_only=True)
class CutDifference:
    """Log odds of a rating above a threshold: the second condition less the first, with a 95 % interval."""

    group1: str
    group2: str
    cut: str
    estimate: float
    se: float
    low: float
    high: float


def cut_differences(model: NominalModel) -> list[CutDifference]:
    """Of every pair at every threshold. Source: as of `contrasts`."""
    found = []
    for first, second in combinations(range(len(model.conditions)), 2):
        cuts, estimates, covariance = model.difference(first, second)
        found += [
            CutDifference(
                group1=model.conditions[first],
                group2=model.conditions[second],
                cut=one.term,
                estimate=one.estimate,
                se=one.se,
                low=one.low,
                high=one.high,
            )
            for one in wald(cuts, estimates, covariance)
        ]
    return found


@dataclass(frozen=True, kw_only=True)
class PairShape:
    """Wald's test that a pair's difference is the same at every threshold; `p_holm` is over the pairs."""

    group1: str
    group2: str
    chi2: float
    df: int
    p: float
    p_holm: float


def pair_shapes(model: NominalModel) -> list[PairShape]:
    """Of thresholds that have a bound in both conditions; where there are fewer than two, there is no test.

    Such a pair stays in the family, as if its p were 1. Source: Brant 1990, Biometrics 46(4), whose test this
    is, by the covariance of the model that frees them.
    """
    found = []
    for first, second in combinations(range(len(model.conditions)), 2):
        cuts, estimates, covariance = model.difference(first, second)
        uneven = np.diff(np.eye(len(cuts)), axis=0)
        steps, spread = uneven @ estimates, uneven @ covariance @ uneven.T
        df = int(np.linalg.matrix_rank(spread, tol=1e-9))  # both may lack a category
        chi2 = float(steps @ np.linalg.pinv(spread, rcond=1e-9, hermitian=True) @ steps) if df else 0.0
        found.append((first, second, chi2, df, float(stats.chi2.sf(chi2, df)) if df else 1.0))
    adjusted = holm([p for *_, p in found])
    return [
        PairShape(
            group1=model.conditions[first],
            group2=model.conditions[second],
            chi2=chi2,
            df=df,
            p=p,
            p_holm=p_holm,
        )
        for (first, second, chi2, df, p), p_holm in zip(found, adjusted, strict=True)
        if df
    ]
