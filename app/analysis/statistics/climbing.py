"""The way to the maximum of the cumulative model's likelihood, and whether one was reached."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from app.analysis.statistics.base import Matrix, Undefined, Vector
from app.analysis.statistics.laplace import Laplace, Ordinal
from app.analysis.statistics.newton import SLOPES, climb

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
    here = starting_values(data) if start is None else start
    for slope in SLOPES:
        here, information = quasi_newton(data, laplace, here, slope)
        if top := newton(data, laplace, here, information):
            return top
    return NO_MAXIMUM


def quasi_newton(data: Ordinal, laplace: Laplace, start: Vector, slope: float) -> tuple[Vector, Matrix]:
    """BFGS in the first threshold and logarithms of the steps to the next, which keeps them in order.

    Where it came to, and the information there as its steps saw it.
    """

    def goal(free: Vector) -> tuple[float, Vector]:
        parameters, jacobian = ordered(data, free)
        value, gradient = laplace.evaluate(parameters)
        return -value, -(jacobian.T @ gradient)

    done = optimize.minimize(goal, free_of(data, start), jac=True, method="BFGS", options={"gtol": slope})
    parameters, jacobian = ordered(data, done.x)
    inverse = jacobian @ done.hess_inv @ jacobian.T
    signs = np.ones(len(parameters))
    scales = len(parameters) - len(data.factors.names)
    signs[scales:] = np.where(parameters[scales:] < 0, -1.0, 1.0)
    return parameters * signs, np.linalg.inv(inverse) * np.outer(signs, signs)


def newton(data: Ordinal, laplace: Laplace, start: Vector, information: Matrix | None = None) -> Fit | None:
    """The maximum near a point, with positive standard deviations."""

    def likelihood(parameters: Vector) -> tuple[float, Vector] | None:
        is_ordered = np.all(np.diff(parameters[: data.count - 1]) > 0)
        return laplace.evaluate(parameters) if is_ordered else None

    top = climb(likelihood, start, information)
    if top is None:
        return None
    signs = np.ones(len(start))
    scales = len(start) - len(data.factors.names)
    signs[scales:] = np.where(top.parameters[scales:] < 0, -1.0, 1.0)
    return Fit(
        data=data,
        parameters=top.parameters * signs,
        loglik=top.value,
        information=top.information * np.outer(signs, signs),
    )


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
