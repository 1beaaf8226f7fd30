"""The test of conditions against studies without a difference, simulated from the model of these ratings.

With few people or items a χ² is too small a yardstick, since it takes the variances as known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

import numpy as np
import pandas as pd

from app.analysis.statistics.base import Codes, Matrix, Vector, outcome_rows, values_of
from app.analysis.statistics.climbing import Fit, fit
from app.analysis.statistics.crossed import Crossed, crossed
from app.analysis.statistics.cumulative import LARGEST_DEVIATION, CumulativeModel
from app.analysis.statistics.design import design
from app.analysis.statistics.laplace import Laplace, Ordinal
from app.analysis.statistics.newton import (
    MOST_STEPS,
    Likelihood,
    Point,
    ahead,
    climbed,
    corrected,
    information_at,
    is_positive,
)

ENOUGH = 20  # studies as extreme as the data, after which more would hardly change p
SMALLEST = 0.01  # what the smallest p that can be found becomes by the correction over a family, at most
LEAST_DEVIATION = 0.1  # where the search for a standard deviation starts, at least
SETTLED = 1e-6  # the gain a further step promises
PILOTS = 3  # studies whose information is averaged
SAME = 1e-6  # χ² that differ less are equal


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """Of `runs` simulated studies `exceeded` had a χ² as large as the data's, `failed` ones among them."""

    p: float
    runs: int
    exceeded: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class World:
    """The same people, items and conditions, without a difference between these. `matrix`: conditions."""

    matrix: Matrix
    factors: Crossed
    thresholds: Vector
    deviations: Vector
    seed: int

    def draw(self, number: int) -> Codes:
        """The categories of a study; each has a seed of its own."""
        chance = np.random.default_rng([self.seed, number])
        effects = chance.normal(size=self.factors.total)
        latent = self.factors.predict(effects, self.deviations) if self.factors.names else 0.0
        return np.searchsorted(self.thresholds, latent + chance.logistic(size=len(self.matrix)))

    def start(self) -> Vector:
        """Of all parameters, those of conditions among them."""
        slopes = np.zeros(self.matrix.shape[1])
        return np.concatenate([self.thresholds, slopes, np.maximum(self.deviations, LEAST_DEVIATION)])


def most_runs(family: int) -> int:
    """Studies with which the smallest p stands a correction over a family of so many tests."""
    return int(np.ceil(family / SMALLEST)) - 1


def bootstrap(world: World, chi2: float, most: int) -> Bootstrap:
    """P of the likelihood-ratio test of conditions, by at most so many studies.

    A study in which a model cannot be fitted counts as one that is as extreme as the data.
    Sources: Besag & Clifford 1991, Biometrika 78(2), for where it ends; Davison & Hinkley 1997, Bootstrap
    Methods and their Application, section 4.2.
    """
    refit = Refit(world)
    exceeded = failed = 0
    for number in range(most):
        found = refit.chi2(world.draw(PILOTS + number))
        failed += found is None
        exceeded += found is None or found >= chi2 - SAME
        if exceeded == ENOUGH:
            runs = number + 1
            return Bootstrap(p=exceeded / runs, runs=runs, exceeded=exceeded, failed=failed)
    return Bootstrap(p=(1 + exceeded) / (1 + most), runs=most, exceeded=exceeded, failed=failed)


def world_of(frame: pd.DataFrame, outcome: str, factors: Sequence[str], null: CumulativeModel) -> World:
    """From the model without conditions; seeded by the outcome and its rows."""
    rows = outcome_rows(frame, outcome)
    matrix = design(rows, with_intercept=False).matrix
    groups = crossed(rows, factors)
    told = sha256(outcome.encode())
    for part in (values_of(rows, outcome), matrix, *groups.codes):
        told.update(np.ascontiguousarray(part, "<f8").tobytes())
    return World(
        matrix=matrix / np.sqrt(np.mean(matrix**2, axis=0)),
        factors=groups,
        thresholds=np.array([one.estimate for one in null.coefficients[: null.thresholds]]),
        deviations=np.array([null.deviations[name] for name in groups.names]),
        seed=int.from_bytes(told.digest()[:8], "big"),
    )


class Refit:
    """Fits a study with and without conditions, from the parameters that it was drawn with."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.start = world.start()
        parts = [self.information(world.draw(number)) for number in range(PILOTS)]
        known = [one for one in parts if one is not None]
        self.pilot = lifted(np.mean(known or [np.eye(len(self.start))], axis=0))

    def information(self, categories: Codes) -> Matrix | None:
        """None of a study in which a category is not used."""
        if len(np.unique(categories)) <= len(self.world.thresholds):
            return None
        data = self.data(categories, len(self.world.thresholds) + 1, self.world.matrix)
        return information_at(likelihood(Laplace(data)), self.start, 1e-3)

    def data(self, categories: Codes, count: int, matrix: Matrix) -> Ordinal:
        return Ordinal(categories=categories, count=count, matrix=matrix, factors=self.world.factors)

    def chi2(self, drawn: Codes) -> float | None:
        """None if a model cannot be fitted."""
        used, categories = np.unique(drawn, return_inverse=True)
        if len(used) < 2:  # noqa: PLR2004  # a model needs two categories
            return None
        merge = merged(used, len(self.start), len(self.world.thresholds))
        start = (merge / np.maximum(merge.sum(axis=0), 1)).T @ self.start
        information = merge.T @ self.pilot @ merge
        slopes = np.arange(len(used) - 1, len(used) - 1 + self.world.matrix.shape[1])
        kept = np.delete(np.arange(len(start)), slopes)
        null = Laplace(self.data(categories, len(used), self.world.matrix[:, :0]))
        low = summit(null, start[kept], information[np.ix_(kept, kept)])
        if low is None:
            return None
        full = Laplace(self.data(categories, len(used), self.world.matrix))
        full.mode = null.mode
        start = start.copy()
        start[kept] = low[0]
        high = summit(full, start, information)
        return None if high is None else max(0.0, 2 * (high[1] - low[1]))


def likelihood(laplace: Laplace) -> Likelihood:
    steps = laplace.data.count - 1

    def at(parameters: Vector) -> tuple[float, Vector] | None:
        return laplace.evaluate(parameters) if np.all(np.diff(parameters[:steps]) > 0) else None

    return at


def summit(laplace: Laplace, start: Vector, information: Matrix) -> tuple[Vector, float] | None:
    """Where the likelihood is highest, and how high; None if it has no maximum, or a variance no bound."""
    found = near_summit(laplace, start, information)
    if found is None:
        far = fit(laplace.data, start)
        found = (far.parameters, far.loglik) if isinstance(far, Fit) else None
    if found is None or np.any(np.abs(laplace.data.split(found[0])[2]) > LARGEST_DEVIATION):
        return None
    return found


def near_summit(laplace: Laplace, start: Vector, information: Matrix) -> tuple[Vector, float] | None:
    """By steps that need no second derivative; it ends where a variance is beyond its bound."""
    at = likelihood(laplace)
    here = at(start)
    if here is None:
        return None
    point = Point(start, *here)
    for _ in range(MOST_STEPS):
        step, promise = ahead(point, information)
        if promise < SETTLED or np.any(np.abs(laplace.data.split(point.at)[2]) > LARGEST_DEVIATION):
            return point.at, point.value
        there = climbed(at, point, step)
        if there is None:
            return None
        information = corrected(information, there.at - point.at, point.gradient - there.gradient)
        point = there
    return None


def merged(used: Codes, count: int, thresholds: int) -> Matrix:
    """Parameters (rows) as sums of those of a study that uses only these categories.

    Thresholds between two of its categories are one; those beyond its ends are none.
    """
    found = np.zeros((count, count - thresholds + len(used) - 1))
    for place, (low, high) in enumerate(pairwise(used)):
        found[low:high, place] = 1
    found[thresholds:, len(used) - 1 :] = np.eye(count - thresholds)
    return found


def lifted(information: Matrix) -> Matrix:
    """Positive: where a standard deviation is zero, the average of a few studies may not be."""
    unit = np.sqrt(np.abs(np.diag(information)))
    if is_positive(information):
        return information
    values, vectors = np.linalg.eigh(information / np.outer(unit, unit))
    return np.asarray(np.outer(unit, unit) * ((vectors * np.maximum(np.abs(values), 0.05)) @ vectors.T))
