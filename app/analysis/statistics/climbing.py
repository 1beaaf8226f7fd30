"""The way to the maximum of the cumulative model's likelihood, and whether one was reached."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from app.analysis.statistics.base import Matrix, Undefined, Vector
from app.analysis.statistics.laplace import Laplace, Ordinal

SETTLED = 1e-9  # the gain a further Newton step promises
REACHED = 1e-4  # a point that promises more than this is no maximum
NEAR = 1.0  # from here Newton's steps alone lead on
STALE = 1e-5  # steps that promised more than this in all changed the information
SLOW = 0.1  # a step should promise a tenth of what the one before did
MOST_STEPS = 30
SHORTEST = 1e-3
ROUNDING = 1e-9
NO_MAXIMUM = Undefined(
    "The likelihood has no maximum that could be found: these ratings cannot tell the model's parts apart."
)


@dataclass(frozen=True, kw_only=True)
class Fit:
    data: Ordinal
    parameters: Vector
    loglik: float
    information: Matrix  # of all parameters


def fit(data: Ordinal, start: Vector | None = None) -> Fit | Undefined:
    """From a point that is near already by Newton's steps; else by quasi-Newton steps first."""
    laplace = Laplace(data)
    if start is not None and (near := newton(data, laplace, start)):
        return near
    first = quasi_newton(data, laplace, starting_values(data) if start is None else start)
    return newton(data, laplace, first, is_near=True) or NO_MAXIMUM


def quasi_newton(data: Ordinal, laplace: Laplace, start: Vector) -> Vector:
    """BFGS in the first threshold and logarithms of the steps to the next, which keeps them in order."""

    def goal(free: Vector) -> tuple[float, Vector]:
        parameters, jacobian = ordered(data, free)
        value, gradient = laplace.evaluate(parameters)
        return -value, -(jacobian.T @ gradient)

    done = optimize.minimize(goal, free_of(data, start), jac=True, method="BFGS", options={"gtol": 1e-2})
    parameters, _ = ordered(data, done.x)
    scales = len(parameters) - len(data.factors.names)
    parameters[scales:] = np.abs(parameters[scales:])
    return parameters


def newton(data: Ordinal, laplace: Laplace, parameters: Vector, *, is_near: bool = False) -> Fit | None:
    """Newton's steps; the information is computed anew where it is stale. None if they lead to no maximum."""
    value, gradient = laplace.evaluate(parameters)
    information = hessian(laplace, parameters)
    before, moved = np.inf, 0.0
    for _ in range(MOST_STEPS):
        if not is_positive(information):
            return None
        step = np.asarray(np.linalg.solve(information, gradient), np.float64)
        promise = float(gradient @ step) / 2
        if promise < SETTLED:
            break
        if not is_near and promise > NEAR:
            return None
        if promise > SLOW * before and moved > 0:
            information, before, moved = hessian(laplace, parameters), np.inf, 0.0
            continue
        there = climbed(data, laplace, (parameters, value), step)
        if there is None:
            break
        parameters, value, gradient = there
        before, moved = promise, moved + promise
    if moved > STALE:
        information = hessian(laplace, parameters)
    return reached(data, (parameters, value, gradient), information)


def climbed(
    data: Ordinal, laplace: Laplace, here: tuple[Vector, float], step: Vector
) -> tuple[Vector, float, Vector] | None:
    """The point a step leads to, halved until it is higher; None if there is nothing left to gain."""
    parameters, value = here
    size = 1.0
    while size > SHORTEST:
        there = parameters + size * step
        if np.all(np.diff(there[: data.count - 1]) > 0):
            better, gradient = laplace.evaluate(there)
            if better >= value:
                return there, better, gradient
        size /= 2
    return None


def reached(data: Ordinal, here: tuple[Vector, float, Vector], information: Matrix) -> Fit | None:
    """The fit, with positive standard deviations, if this is a maximum."""
    parameters, value, gradient = here
    if not is_positive(information) or gradient @ np.linalg.solve(information, gradient) / 2 > REACHED:
        return None
    scales = len(parameters) - len(data.factors.names)
    signs = np.ones(len(parameters))
    signs[scales:] = np.where(parameters[scales:] < 0, -1.0, 1.0)
    return Fit(
        data=data,
        parameters=parameters * signs,
        loglik=value,
        information=information * np.outer(signs, signs),
    )


def is_positive(information: Matrix) -> bool:
    """Whether a matrix is positive definite by more than rounding, whatever its parameters' units."""
    diagonal = np.diag(information)
    if not np.all(np.isfinite(information)) or np.any(diagonal <= 0):
        return False
    unit = information / np.sqrt(np.outer(diagonal, diagonal))
    return bool(np.linalg.eigvalsh(unit)[0] > ROUNDING)


def hessian(laplace: Laplace, parameters: Vector, width: float = 1e-4) -> Matrix:
    """The negative second derivative, by central differences of the exact gradient."""
    columns = []
    for index in range(len(parameters)):
        step = np.zeros(len(parameters))
        step[index] = width
        above = laplace.evaluate(parameters + step)[1]
        columns.append((laplace.evaluate(parameters - step)[1] - above) / (2 * width))
    found = np.array(columns)
    return np.asarray((found + found.T) / 2)


def starting_values(data: Ordinal) -> Vector:
    """Marginal logits, no effects, standard deviations of one."""
    below = np.cumsum(np.bincount(data.categories, minlength=data.count))[:-1] / len(data.categories)
    slopes = np.zeros(data.matrix.shape[1])
    return np.concatenate([1.3 * np.log(below / (1 - below)), slopes, np.ones(len(data.factors.names))])


def ordered(data: Ordinal, free: Vector) -> tuple[Vector, Matrix]:
    """Parameters from the first threshold and the logarithms of the steps to the next; and the Jacobian."""
    last = data.count - 1
    # A line search may ask for anything; steps beyond e^±20 are no thresholds that data can tell apart.
    steps = np.exp(np.clip(free[1:last], -20, 20))
    parameters = np.concatenate([free[0] + np.concatenate([[0.0], np.cumsum(steps)]), free[last:]])
    jacobian = np.eye(len(free))
    jacobian[:last, 0] = 1
    jacobian[1:last, 1:last] = np.tril(np.broadcast_to(steps, (last - 1, last - 1)))
    return parameters, jacobian


def free_of(data: Ordinal, parameters: Vector) -> Vector:
    last = data.count - 1
    return np.concatenate([parameters[:1], np.log(np.diff(parameters[:last])), parameters[last:]])
