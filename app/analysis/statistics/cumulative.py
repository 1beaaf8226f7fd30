"""The cumulative link mixed model (logit): the model that ordinal ratings of people and items deserve."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from app.analysis.statistics.base import Matrix, Undefined, Vector, is_constant, outcome_rows, values_of
from app.analysis.statistics.climbing import Fit, fit
from app.analysis.statistics.crossed import crossed
from app.analysis.statistics.design import design
from app.analysis.statistics.estimable import cannot_estimate, separated_conditions
from app.analysis.statistics.laplace import Ordinal
from app.analysis.statistics.linear import Coefficient
from app.analysis.statistics.wald import wald

NEAR_ZERO = 0.05  # standard deviations below this are tried without their factor
LARGE_LOG_ODDS = 8  # a coefficient beyond this whose standard error is larger still has no bound
LARGEST_DEVIATION = 10  # on the logit: people or items that differ more than this have no bound either


@dataclass(frozen=True, kw_only=True)
class CumulativeModel:
    """Thresholds are named `1|2`; a positive coefficient means higher ratings. `deviations` are on the logit.

    `at_zero` names factors whose variance was estimated as zero; they were left out. `covariance` is of
    thresholds and coefficients, in the order of `coefficients`; `joint` is of these and the deviations of
    `fitted`. Without factors: the plain cumulative model.
    """

    n: int
    coefficients: tuple[Coefficient, ...]
    covariance: Matrix
    joint: Matrix
    deviations: dict[str, float]
    fitted: tuple[str, ...]
    at_zero: tuple[str, ...]
    loglik: float
    thresholds: int


def cumulative_model(
    frame: pd.DataFrame,
    outcome: str,
    factors: Sequence[str],
    covariates: Sequence[str] = (),
    *,
    with_condition: bool = True,
    interaction: str | None = None,
    near: CumulativeModel | None = None,
) -> CumulativeModel | Undefined:
    """Outcome ~ condition + covariates + a random intercept for each factor, cumulative logit, Laplace.

    `near` is a model of nearly the same rows or terms, from which the search starts. Source: Agresti 2010,
    Analysis of Ordinal Categorical Data, ch. 10; the model of clmm in Christensen's R package `ordinal`.
    Standard errors: inverse negative Hessian, by differences of the exact gradient.
    """
    rows = outcome_rows(frame.dropna(subset=[outcome, *covariates]), outcome)
    values = values_of(rows, outcome)
    if is_constant(values):
        return Undefined("All ratings are the same (or there are none), so there is nothing to model.")
    if with_condition and (problem := separated_conditions(rows, outcome)):
        return problem
    levels, categories = np.unique(values, return_inverse=True)
    model = design(
        rows, covariates, with_condition=with_condition, with_intercept=False, interaction=interaction
    )
    groups = crossed(rows, factors)
    if problem := cannot_estimate(len(rows), model, groups, len(levels) - 1):
        return problem
    sizes = np.sqrt(np.mean(model.matrix**2, axis=0))  # so that a step means as much in each direction
    data = Ordinal(
        categories=categories.astype(np.intp),
        count=len(levels),
        matrix=model.matrix / sizes,
        factors=groups,
    )
    names = [*(f"{low:g}|{high:g}" for low, high in pairwise(levels)), *model.names]
    units = np.concatenate([np.ones(len(levels) - 1), sizes])
    return finish(data, names, units, start_of(near, names, units, groups.names))


def start_of(
    near: CumulativeModel | None, names: Sequence[str], units: Vector, factors: Sequence[str]
) -> Vector | None:
    """Another model's figures where it has them; None if its thresholds are others."""
    if near is None:
        return None
    known = {one.term: one.estimate for one in near.coefficients}
    thresholds = [name for name in names if "|" in name]
    if [one.term for one in near.coefficients][: near.thresholds] != thresholds:
        return None
    scales = [max(near.deviations.get(factor, 0.5), 2 * NEAR_ZERO) for factor in factors]
    return np.array(
        [*(known.get(name, 0.0) * unit for name, unit in zip(names, units, strict=True)), *scales]
    )


def finish(
    data: Ordinal, names: list[str], units: Vector, start: Vector | None
) -> CumulativeModel | Undefined:
    """Fit, leave out factors at zero, and put the figures together. `units`: what each was multiplied by."""
    found = fit(data, start)
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
    return unbounded(found, names) or summarise(found, names, units, at_zero)


def summarise(found: Fit, names: list[str], units: Vector, at_zero: list[str]) -> CumulativeModel:
    kept = len(names)
    all_units = np.concatenate([units, np.ones(len(found.parameters) - kept)])
    joint = np.asarray(np.linalg.inv(found.information) / np.outer(all_units, all_units), np.float64)
    covariance = joint[:kept, :kept]
    deviations = dict.fromkeys(at_zero, 0.0)
    deviations |= dict(zip(found.data.factors.names, map(float, found.parameters[kept:]), strict=True))
    return CumulativeModel(
        n=len(found.data.categories),
        coefficients=wald(names, found.parameters[:kept] / units, covariance),
        covariance=covariance,
        joint=joint,
        deviations=deviations,
        fitted=found.data.factors.names,
        at_zero=tuple(at_zero),
        loglik=found.loglik,
        thresholds=found.data.count - 1,
    )


def unbounded(found: Fit, names: list[str]) -> Undefined | None:
    """A part of the model that the ratings drive on for ever; the search only stopped on the way."""
    kept, thresholds = len(names), found.data.count - 1
    for factor, deviation in zip(found.data.factors.names, found.parameters[kept:], strict=True):
        if deviation > LARGEST_DEVIATION:
            return Undefined(
                f"The ratings of one {factor} hardly differ, but those of different ones do: "
                "the variance between them grows without bound."
            )
    errors = np.sqrt(np.diag(np.linalg.inv(found.information)))[thresholds:kept]
    slopes = found.parameters[thresholds:kept]
    for name, slope, error in zip(names[thresholds:], slopes, errors, strict=True):
        if LARGE_LOG_ODDS < abs(slope) < error:
            return Undefined(
                f"The effect of {name} grows without bound: it separates lower ratings from higher ones."
            )
    return None


def near_zero(found: Fit) -> str | None:
    """The factor with the smallest deviation, if it is small enough to try without."""
    _, _, scales = found.data.split(found.parameters)
    if not len(scales) or np.min(scales) >= NEAR_ZERO:
        return None
    return found.data.factors.names[int(np.argmin(scales))]


def position(found: Fit, factor: str) -> int:
    return len(found.parameters) - len(found.data.factors.names) + found.data.factors.names.index(factor)
