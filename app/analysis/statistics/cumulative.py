"""The cumulative link mixed model (logit): the model that ordinal ratings of people and items deserve."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import optimize

from app.analysis.statistics.base import Matrix, Undefined, Vector, is_constant, outcome_rows, values_of
from app.analysis.statistics.crossed import crossed
from app.analysis.statistics.design import design
from app.analysis.statistics.laplace import Laplace, Ordinal
from app.analysis.statistics.linear import Coefficient
from app.analysis.statistics.mixed import wald

NEAR_ZERO = 0.05  # standard deviations below this are tried without their factor
MOST_LOG_ODDS = 12  # beyond this the data hold no information: a category is never or always chosen
SETTLED = 1e-9  # the gain a further Newton step promises
MOST_STEPS = 10
UNBOUNDED = Undefined(
    "A coefficient grows without bound: in some group every rating is the lowest or the highest."
)


@dataclass(frozen=True, kw_only=True)
class CumulativeModel:
    """Thresholds are named `1|2`; a positive coefficient means higher ratings. `deviations` are on the logit.

    `at_zero` names factors whose variance was estimated as zero; they were left out. `covariance` is of
    thresholds and coefficients, in the order of `coefficients`. Without factors: the plain cumulative model.
    """

    n: int
    coefficients: tuple[Coefficient, ...]
    covariance: Matrix
    deviations: dict[str, float]
    fitted: tuple[str, ...]
    at_zero: tuple[str, ...]
    loglik: float
    thresholds: int


@dataclass(frozen=True, kw_only=True)
class Fit:
    data: Ordinal
    parameters: Vector
    loglik: float
    information: Matrix  # of all parameters


def cumulative_model(
    frame: pd.DataFrame,
    outcome: str,
    factors: Sequence[str],
    covariates: Sequence[str] = (),
    *,
    with_condition: bool = True,
    interaction: str | None = None,
) -> CumulativeModel | Undefined:
    """Outcome ~ condition + covariates + a random intercept for each factor, cumulative logit, Laplace.

    Source: Agresti 2010, Analysis of Ordinal Categorical Data, ch. 10; the model of clmm in Christensen's R
    package `ordinal`. Standard errors: inverse negative Hessian, by differences of the exact gradient.
    """
    rows = outcome_rows(frame.dropna(subset=[outcome, *covariates]), outcome)
    values = values_of(rows, outcome)
    if is_constant(values):
        return Undefined("All ratings are the same (or there are none), so there is nothing to model.")
    levels, categories = np.unique(values, return_inverse=True)
    model = design(
        rows, covariates, with_condition=with_condition, with_intercept=False, interaction=interaction
    )
    groups = crossed(rows, factors)
    for name, size in zip(groups.names, groups.sizes, strict=True):
        if size < 2:  # noqa: PLR2004  # a variance needs two
            return Undefined(f"There is only one {name}, so its share of the variance cannot be estimated.")
    data = Ordinal(
        categories=categories.astype(np.intp), count=len(levels), matrix=model.matrix, factors=groups
    )
    if len(rows) <= data.count - 1 + model.matrix.shape[1] + len(groups.names):
        return Undefined(f"{len(rows)} ratings are too few for a cumulative link mixed model.")
    names = [f"{low:g}|{high:g}" for low, high in pairwise(levels)]
    return finish(data, [*names, *model.names])


def finish(data: Ordinal, names: list[str]) -> CumulativeModel | Undefined:
    """Fit, leave out factors at zero, and put the figures together."""
    found = fit(data)
    at_zero: list[str] = []
    while isinstance(found, Fit) and (smallest := near_zero(found)):
        without = fit(
            Ordinal(
                categories=data.categories,
                count=data.count,
                matrix=data.matrix,
                factors=found.data.factors.without(smallest),
            ),
            np.delete(found.parameters, position(found, smallest)),
        )
        if isinstance(without, Fit) and without.loglik < found.loglik - 1e-5:
            break
        at_zero.append(smallest)
        found = without
    if isinstance(found, Undefined):
        return found
    _, slopes, scales = found.data.split(found.parameters)
    if np.any(np.abs(slopes) > MOST_LOG_ODDS) or np.any(np.linalg.eigvalsh(found.information) <= 0):
        return UNBOUNDED
    kept = len(names)
    covariance = np.asarray(np.linalg.inv(found.information)[:kept, :kept], np.float64)
    deviations = dict.fromkeys(at_zero, 0.0)
    deviations |= dict(zip(found.data.factors.names, map(float, scales), strict=True))
    return CumulativeModel(
        n=len(data.categories),
        coefficients=wald(names, found.parameters[:kept], covariance),
        covariance=covariance,
        deviations=deviations,
        fitted=found.data.factors.names,
        at_zero=tuple(at_zero),
        loglik=found.loglik,
        thresholds=data.count - 1,
    )


def near_zero(found: Fit) -> str | None:
    """The factor with the smallest deviation, if it is small enough to try without."""
    _, _, scales = found.data.split(found.parameters)
    if not len(scales) or np.min(scales) >= NEAR_ZERO:
        return None
    return found.data.factors.names[int(np.argmin(scales))]


def position(found: Fit, factor: str) -> int:
    return len(found.parameters) - len(found.data.factors.names) + found.data.factors.names.index(factor)


def fit(data: Ordinal, start: Vector | None = None) -> Fit | Undefined:
    """Quasi-Newton steps in log increments of the thresholds, then Newton's, to the last digits."""
    laplace = Laplace(data)
    first = start if start is not None else starting_values(data)

    def goal(free: Vector) -> tuple[float, Vector]:
        parameters, jacobian = ordered(data, free)
        value, gradient = laplace.evaluate(parameters)
        return -value, -(jacobian.T @ gradient)

    done = optimize.minimize(goal, free_of(data, first), jac=True, method="BFGS", options={"gtol": 1e-2})
    parameters, _ = ordered(data, done.x)
    slopes = data.count - 1 + data.matrix.shape[1]
    parameters[slopes:] = np.abs(parameters[slopes:])
    return polish(data, laplace, parameters)


def polish(data: Ordinal, laplace: Laplace, parameters: Vector) -> Fit | Undefined:
    """Newton's steps from a point close to the maximum, and the information there."""
    value, gradient = laplace.evaluate(parameters)
    information = hessian(laplace, parameters)
    for _ in range(MOST_STEPS):
        there = newton_point(data, parameters, gradient, information)
        if there is None:
            break
        better, slope = laplace.evaluate(there)
        if better < value:
            break
        parameters, value, gradient = there, better, slope
        information = hessian(laplace, parameters)
    _, slopes, scales = data.split(parameters)
    if np.any(np.abs(slopes) > MOST_LOG_ODDS):
        return UNBOUNDED
    signs = np.ones(len(parameters))
    signs[len(parameters) - len(scales) :] = np.where(scales < 0, -1.0, 1.0)
    return Fit(
        data=data,
        parameters=parameters * signs,
        loglik=value,
        information=information * np.outer(signs, signs),
    )


def newton_point(data: Ordinal, parameters: Vector, gradient: Vector, information: Matrix) -> Vector | None:
    """Where the next step leads; None if there is nothing left to gain, or no maximum near."""
    if np.any(np.linalg.eigvalsh(information) <= 0):
        return None
    step = np.linalg.solve(information, gradient)
    there = np.asarray(parameters + step)
    if gradient @ step < SETTLED or np.any(np.diff(there[: data.count - 1]) <= 0):
        return None
    return there


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
