"""The cumulative logit likelihood with crossed random intercepts, by Laplace's approximation, with gradient.

P(y <= c) = F(threshold_c - η), η = Xβ + Σ_f σ_f u_f, u ~ N(0, I). The likelihood is the integral over u;
Laplace: log L = l(û) - û'û/2 - log|H|/2 with û the mode and H the negative second derivative there. Sources:
McCullagh 1980, JRSS B 42(2); Tierney & Kadane 1986, JASA 81(393); for the gradient through the mode Skaug &
Fournier 2006, Comput. Stat. Data Anal. 51(2). For the logistic F, l depends on η by log F(a) + log(1 - F(b))
only (a and b the upper and lower threshold less η), so it is concave and its derivatives are short.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit, log_expit

from app.analysis.statistics.base import Codes, Matrix, Vector
from app.analysis.statistics.crossed import Crossed
from app.analysis.statistics.factorised import Factorised

MOST_STEPS = 100
FINISHED = 1e-18  # Newton's decrement, twice what is left to gain
SLOW = 0.01  # a step's decrement should be a hundredth of that before; else H is computed anew
SHORTEST = 1e-10


@dataclass(frozen=True, kw_only=True)
class Ordinal:
    """Ratings as categories 0 … k-1, all of them used; X without intercept."""

    categories: Codes
    count: int
    matrix: Matrix
    factors: Crossed

    def split(self, parameters: Vector) -> tuple[Vector, Vector, Vector]:
        """Thresholds, coefficients and random effects' standard deviations."""
        thresholds = self.count - 1
        slopes = thresholds + self.matrix.shape[1]
        return parameters[:thresholds], parameters[thresholds:slopes], parameters[slopes:]

    def are_ordered(self, thresholds: Vector) -> bool:
        return bool(np.all(np.diff(thresholds) > 0))


@dataclass(frozen=True)
class Edge:
    """A threshold less η for each rating, and what the logistic distribution says there."""

    at: Vector

    @cached_property
    def below(self) -> Vector:
        return np.asarray(expit(self.at))

    @cached_property
    def above(self) -> Vector:
        return np.asarray(expit(-self.at))

    @cached_property
    def density(self) -> Vector:
        return self.below * self.above

    @cached_property
    def density_change(self) -> Vector:
        return self.density * (self.above - self.below)


@dataclass(frozen=True)
class Point:
    """The likelihood's parts at given thresholds and η; derivatives of l by η are `slope` and -`weight`."""

    upper: Edge
    lower: Edge
    gap: Vector

    @cached_property
    def value(self) -> float:
        parts = log_expit(self.upper.at) + log_expit(-self.lower.at) + np.log(-np.expm1(-self.gap))
        return float(np.sum(parts))

    @cached_property
    def slope(self) -> Vector:
        return self.upper.below - self.lower.above

    @cached_property
    def weight(self) -> Vector:
        return self.upper.density + self.lower.density

    @cached_property
    def weight_change(self) -> Vector:
        """∂ weight / ∂η."""
        return -self.upper.density_change - self.lower.density_change


def point(data: Ordinal, thresholds: Vector, eta: Vector) -> Point:
    edges = np.concatenate([[-np.inf], thresholds, [np.inf]])
    upper, lower = edges[data.categories + 1], edges[data.categories]
    return Point(Edge(upper - eta), Edge(lower - eta), upper - lower)


class Laplace:
    """The approximation for one data set; remembers the last mode and H, where the next search starts."""

    def __init__(self, data: Ordinal) -> None:
        self.data = data
        self.mode = np.zeros(data.factors.total)
        self.known: Factorised | None = None

    def evaluate(self, parameters: Vector) -> tuple[float, Vector]:
        """The value of log L and its gradient. Raises: ValueError unless the thresholds increase."""
        thresholds, beta, scales = self.data.split(parameters)
        if not self.data.are_ordered(thresholds):
            raise ValueError("thresholds must increase")
        fixed = self.data.matrix @ beta
        if not self.data.factors.names:
            here = point(self.data, thresholds, fixed)
            return here.value, self.direct(here, np.zeros(len(fixed)), np.zeros(len(fixed)))
        here, solved = self.find_mode(thresholds, fixed, scales)
        value = here.value - float(self.mode @ self.mode) / 2 - solved.log_determinant / 2
        return value, self.gradient(here, solved)

    def find_mode(self, thresholds: Vector, fixed: Vector, scales: Vector) -> tuple[Point, Factorised]:
        """Newton's method with halved steps; the function is concave, so it cannot fail but by rounding.

        The steps are made with an H that is known, of parameters or a mode nearby, while they shrink fast.
        """
        factors = self.data.factors

        def at(mode: Vector) -> tuple[Point, float]:
            here = point(self.data, thresholds, fixed + factors.predict(mode, scales))
            return here, here.value - float(mode @ mode) / 2

        here, value = at(self.mode)
        known, before = self.known or Factorised(factors, scales, here.weight), np.inf
        for _ in range(MOST_STEPS):
            gradient = factors.collect(here.slope, scales) - self.mode
            step = known.solve(gradient)
            decrement = float(gradient @ step)
            if decrement < FINISHED:
                break
            if decrement > SLOW * before:
                known, before = Factorised(factors, scales, here.weight), np.inf
                continue
            size = 1.0
            there, better = at(self.mode + step)
            while better < value - 1e-9 and size > SHORTEST:
                size /= 2
                there, better = at(self.mode + size * step)
            self.mode = self.mode + size * step
            here, value, before = there, better, decrement
        self.known = Factorised(factors, scales, here.weight)
        return here, self.known

    def gradient(self, here: Point, solved: Factorised) -> Vector:
        """By the chain rule: l directly, log|H| directly, and log|H| through the mode, which moves too."""
        factors, scales, mode = self.data.factors, solved.scales, self.mode
        leverages = solved.leverages
        pull = factors.collect(leverages * here.weight_change, scales)
        moved = solved.solve(pull)
        through = factors.predict(moved, scales)
        head = self.direct(here, leverages, through)
        inner = here.slope - (leverages * here.weight_change - through * here.weight) / 2
        tail = [
            inner @ factors.spread(mode, number)
            - here.weight @ solved.reaches[number]
            - here.slope @ factors.spread(moved, number) / 2
            for number in range(len(scales))
        ]
        return np.concatenate([head, tail])

    def direct(self, here: Point, leverages: Vector, through: Vector) -> Vector:
        """The gradient by thresholds and coefficients."""
        with np.errstate(over="ignore"):
            room = 1 / np.expm1(here.gap)
        upper, lower = here.upper, here.lower
        by_upper = upper.above + room - (leverages * upper.density_change + through * upper.density) / 2
        by_lower = -lower.below - room - (leverages * lower.density_change + through * lower.density) / 2
        count = self.data.count
        uppers = np.bincount(self.data.categories, by_upper, count)[:-1]
        lowers = np.bincount(self.data.categories, by_lower, count)[1:]
        by_eta = here.slope - (leverages * here.weight_change - through * here.weight) / 2
        return np.concatenate([uppers + lowers, self.data.matrix.T @ by_eta])
