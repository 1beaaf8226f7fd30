"""Newton's method for a likelihood with an exact gradient; the second derivative is by differences of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.analysis.statistics.base import Matrix, Vector

SETTLED = 1e-13  # the gain a further step promises: the point is then within 1e-6 of its standard errors
REACHED = 1e-4  # a point that promises more than this is no maximum
NEAR = 1.0  # from here Newton's steps alone lead on
STALE = 1e-7  # steps that promised more than this in all changed the information
SLOPES = (1e-3, 1e-8)  # where a quasi-Newton search ends: the second if no maximum is near the first
MOST_STEPS = 30
SHORTEST = 1e-3
ROUNDING = 1e-9

# Log likelihood and gradient; None where the parameters are none.
Likelihood = Callable[[Vector], tuple[float, Vector] | None]


@dataclass(frozen=True)
class Point:
    at: Vector
    value: float
    gradient: Vector


@dataclass(frozen=True, kw_only=True)
class Summit:
    """A maximum; `information` is the negative second derivative there."""

    parameters: Vector
    value: float
    information: Matrix


def climb(likelihood: Likelihood, start: Vector, information: Matrix | None = None) -> Summit | None:
    """The maximum that is near; each step corrects the information by how the gradient changed.

    None if the steps lead to no maximum, or if it is far away, unless a search has come to the start with
    this information.
    """
    here = likelihood(start)
    if here is None:
        return None
    point = Point(start, *here)
    is_near, moved = information is not None, STALE
    if information is None:
        information, moved = information_at(likelihood, start), 0.0
    for _ in range(MOST_STEPS):
        if not is_positive(information):
            return None
        step, promise = ahead(point, information)
        if promise < SETTLED:
            break
        if not is_near and promise > NEAR:
            return None
        there = climbed(likelihood, point, step)
        if there is None:
            break
        information = corrected(information, there.at - point.at, point.gradient - there.gradient)
        point, moved = there, moved + promise
    return top(point, information_at(likelihood, point.at) if moved >= STALE else information)


def corrected(information: Matrix, step: Vector, change: Vector) -> Matrix:
    """What agrees with the change of the gradient along a step, and stays positive (BFGS).

    Source: Nocedal & Wright 2006, Numerical Optimization, equation 6.19.
    """
    along = float(step @ change)
    if along <= 0:
        return information
    pushed = information @ step
    less = np.outer(pushed, pushed) / float(step @ pushed)
    return np.asarray(information - less + np.outer(change, change) / along)


def top(point: Point, information: Matrix) -> Summit | None:
    if not is_positive(information) or ahead(point, information)[1] > REACHED:
        return None
    return Summit(parameters=point.at, value=point.value, information=information)


def ahead(point: Point, information: Matrix) -> tuple[Vector, float]:
    """The next step, and what it promises to gain."""
    step = np.asarray(np.linalg.solve(information, point.gradient), np.float64)
    return step, float(point.gradient @ step) / 2


def climbed(likelihood: Likelihood, point: Point, step: Vector) -> Point | None:
    """The point a step leads to, halved until it is higher; None if there is nothing left to gain."""
    size = 1.0
    while size > SHORTEST:
        there = point.at + size * step
        found = likelihood(there)
        if found is not None and found[0] >= point.value:
            return Point(there, *found)
        size /= 2
    return None


def is_positive(information: Matrix) -> bool:
    """Whether a matrix is positive definite by more than rounding, whatever its parameters' units."""
    diagonal = np.diag(information)
    if not np.all(np.isfinite(information)) or np.any(diagonal <= 0):
        return False
    unit = information / np.sqrt(np.outer(diagonal, diagonal))
    return bool(np.linalg.eigvalsh(unit)[0] > ROUNDING)


def information_at(likelihood: Likelihood, parameters: Vector, width: float = 1e-4) -> Matrix:
    """The negative second derivative, by central differences of the exact gradient; no number at an edge."""
    columns = []
    for index in range(len(parameters)):
        step = np.zeros(len(parameters))
        step[index] = width
        above, below = likelihood(parameters + step), likelihood(parameters - step)
        if above is None or below is None:
            return np.full((len(parameters), len(parameters)), np.nan)
        columns.append((below[1] - above[1]) / (2 * width))
    found = np.array(columns)
    return np.asarray((found + found.T) / 2)
