"""Whether one person or one text decides what is said of a pair: each is left out once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from app.analysis.statistics.base import (
    ALPHA,
    Codes,
    Matrix,
    Undefined,
    Vector,
    conditions_of,
    holm,
    outcome_rows,
    pairs,
    values_of,
)
from app.analysis.statistics.design import design
from app.analysis.statistics.mixed import MixedModel, mixed_model

MOST_ROWS = 2_000  # the matrix of all ratings' covariances is inverted; of more, one decides nothing
REFITTED = 2  # of each kind: those that change a claim, or come nearest to it


@dataclass(frozen=True, kw_only=True)
class WithoutOne:
    """A pair's estimate without each of `left_out` people or texts: the range, and Holm's p over the pairs.

    `changing`: how many of them turn a p below .05 into another or the other way; `whose` is the one among
    them that does so most, with `p_without` and `estimate_without`.
    """

    group1: str
    group2: str
    left_out: int
    low: float
    high: float
    p_smallest: float
    p_largest: float
    changing: int
    whose: str = ""
    p_without: float | None = None
    estimate_without: float | None = None


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Of all pairs at once: the second condition less the first, degrees of freedom, and Holm's p."""

    estimates: Vector
    degrees: Vector
    p_holm: Vector


@dataclass(frozen=True, kw_only=True)
class Solved:
    """The generalised least-squares problem of a model, with its relative variances as they are.

    `inverse`: of the ratings' covariances; `left` is it times the fixed effects' columns, `right` times y.
    `weights`: of the coefficients, for each pair of conditions.
    """

    matrix: Matrix
    ratings: Vector
    inverse: Matrix
    left: Matrix
    right: Vector
    weights: Matrix


def leave_one_out(
    frame: pd.DataFrame, outcome: str, model: MixedModel, units: Sequence[str]
) -> dict[str, list[WithoutOne] | Undefined]:
    """Of every pair of conditions of a linear mixed model without covariates, without each level of a unit.

    All are left out with the variances' ratios held as they are, in closed form; those that come nearest to
    changing a claim are left out again with a search for the variances, which starts from the model.
    Source: Christensen, Pearson & Johnson 1992, Technometrics 34(1), 38-45 (case deletion in mixed models).
    """
    rows = outcome_rows(frame, outcome)
    if len(rows) > MOST_ROWS:
        reason = f"With more than {MOST_ROWS:,} ratings, nobody and no text is left out to see what changes."
        return dict.fromkeys(units, Undefined(reason))
    labels = pairs(conditions_of(rows))
    if not labels:
        return dict.fromkeys(units, Undefined("There is one condition, so there is no pair to compare."))
    problem = solved(rows, outcome, model)
    whole = compared(problem, model)
    found: dict[str, list[WithoutOne] | Undefined] = {}
    for unit in units:
        without = each_left_out(problem, rows, unit, whole.degrees)
        for level in nearest(whole, without):
            again = mixed_model(
                rows[rows[unit].astype(str) != level], outcome, [*model.fitted, *model.at_zero], near=model
            )
            if isinstance(again, MixedModel):
                without[level] = compared(problem, again)
        found[unit] = list(summaries(labels, whole, without)) or Undefined(f"No {unit} can be left out.")
    return found


def solved(rows: pd.DataFrame, outcome: str, model: MixedModel) -> Solved:
    made, values = design(rows), values_of(rows, outcome)
    covariance = np.eye(len(rows))
    for factor in model.fitted:
        codes = pd.factorize(rows[factor])[0]
        share = model.variances[factor] / model.variances["residual"]
        covariance += share * (codes[:, None] == codes[None, :])
    inverse = np.asarray(np.linalg.inv(covariance), np.float64)
    # The first condition is in the intercept, so it has no coefficient of its own.
    own = np.eye(len(made.names))
    own[0] = 0
    return Solved(
        matrix=made.matrix,
        ratings=values,
        inverse=inverse,
        left=inverse @ made.matrix,
        right=inverse @ values,
        weights=np.array([own[second] - own[first] for first, second in combinations(range(len(own)), 2)]),
    )


def each_left_out(one: Solved, rows: pd.DataFrame, unit: str, degrees: Vector) -> dict[str, Pairs]:
    """By level; without those who alone rated a condition. Degrees of freedom are held as they are, too."""
    codes, levels = pd.factorize(rows[unit])
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    found: dict[str, Pairs] = {}
    for level, gone in zip(levels, groups, strict=True):
        if (left := without_rows(one, gone)) is not None:
            found[str(level)] = wald_pairs(one, *left, degrees)
    return found


def without_rows(one: Solved, gone: Codes) -> tuple[Vector, Matrix] | None:
    """Coefficients and their covariance of the other ratings, by what those that are gone add; None if a
    condition has no others.
    """
    kept = one.matrix.sum(axis=0) - one.matrix[gone].sum(axis=0)
    df = len(one.ratings) - len(gone) - len(kept)
    if df < 1 or min(kept[0] - kept[1:].sum(), *kept[1:]) < 1:
        return None
    block = np.linalg.inv(one.inverse[np.ix_(gone, gone)])
    left, right = one.left[gone], one.right[gone]
    inverse = np.linalg.inv(one.matrix.T @ one.left - left.T @ block @ left)
    both = one.matrix.T @ one.right - left.T @ block @ right
    estimates = inverse @ both
    squares = one.ratings @ one.right - right @ block @ right - estimates @ both
    return np.asarray(estimates, np.float64), np.asarray(inverse * squares / df, np.float64)


def compared(one: Solved, model: MixedModel) -> Pairs:
    degrees = [model.freedom.of(row, model.covariance) for row in one.weights]
    estimates = np.array([part.estimate for part in model.coefficients])
    return wald_pairs(one, estimates, model.covariance, np.array(degrees))


def wald_pairs(one: Solved, estimates: Vector, covariance: Matrix, degrees: Vector) -> Pairs:
    differences = one.weights @ estimates
    errors = np.sqrt(np.einsum("ij,jk,ik->i", one.weights, covariance, one.weights))
    p_values = 2 * stats.t.sf(np.abs(differences / errors), degrees)
    return Pairs(estimates=differences, degrees=degrees, p_holm=np.array(holm(p_values.tolist())))


def changes(whole: Pairs, without: Pairs) -> Vector:
    """How far each p-value has gone to the other side of the level, as a logarithm: above 0, it is there."""
    gone = np.log(np.maximum(without.p_holm, 1e-300) / ALPHA)
    return np.asarray(np.where(whole.p_holm < ALPHA, gone, -gone), np.float64)


def nearest(whole: Pairs, without: Mapping[str, Pairs]) -> list[str]:
    reach = {level: float(changes(whole, one).max()) for level, one in without.items() if len(one.p_holm)}
    return sorted(reach, key=lambda level: -reach[level])[:REFITTED]


def summaries(
    labels: Sequence[tuple[str, str]], whole: Pairs, without: Mapping[str, Pairs]
) -> Iterator[WithoutOne]:
    if not without:
        return
    levels = list(without)
    estimates = np.array([one.estimates for one in without.values()])
    p_values = np.array([one.p_holm for one in without.values()])
    reach = np.array([changes(whole, one) for one in without.values()])
    for place, (first, second) in enumerate(labels):
        most = int(reach[:, place].argmax())
        is_changed = reach[most, place] > 0
        yield WithoutOne(
            group1=first,
            group2=second,
            left_out=len(levels),
            low=float(estimates[:, place].min()),
            high=float(estimates[:, place].max()),
            p_smallest=float(p_values[:, place].min()),
            p_largest=float(p_values[:, place].max()),
            changing=int((reach[:, place] > 0).sum()),
            whose=levels[most] if is_changed else "",
            p_without=float(p_values[most, place]) if is_changed else None,
            estimate_without=float(estimates[most, place]) if is_changed else None,
        )
