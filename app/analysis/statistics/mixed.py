"""The linear mixed model: ratings come from people and items, and each has a level of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import optimize

from app.analysis.statistics.base import Matrix, Undefined, Vector, is_constant, outcome_rows, values_of
from app.analysis.statistics.crossed import Crossed, crossed
from app.analysis.statistics.design import Design, design
from app.analysis.statistics.estimable import cannot_estimate
from app.analysis.statistics.factorised import Factorised
from app.analysis.statistics.likelihood_ratio import LikelihoodRatio, likelihood_ratio
from app.analysis.statistics.linear import Coefficient
from app.analysis.statistics.newton import SLOPES, climb
from app.analysis.statistics.satterthwaite import Freedom
from app.analysis.statistics.wald import wald

Method = Literal["REML", "ML"]
ZERO = 1e-3  # relative standard deviations below this are tried without their factor
NO_ERROR = 1e-8  # a residual variance below this share of the whole is none


class NoError(ArithmeticError):
    """The model fits every rating exactly, so its likelihood has no bound."""


class NoMaximum(ArithmeticError):
    """The likelihood is flat, or has no maximum that was found."""


@dataclass(frozen=True, kw_only=True)
class MixedModel:
    """`variances` by factor and `residual`; `at_zero` names factors whose variance was estimated as zero.

    p-values and intervals are Student's, with Satterthwaite's degrees of freedom. `covariance` is of the
    coefficients.
    """

    n: int
    method: Method
    coefficients: tuple[Coefficient, ...]
    covariance: Matrix
    variances: dict[str, float]
    fitted: tuple[str, ...]
    at_zero: tuple[str, ...]
    loglik: float
    freedom: Freedom


@dataclass(frozen=True, kw_only=True)
class Problem:
    """y and X with columns of comparable size; products by factor are kept, as they never change."""

    joint: Matrix  # X and y side by side
    sizes: Vector  # what X's columns were divided by
    factors: Crossed
    sums: tuple[Matrix, ...]
    method: Method


@dataclass(frozen=True, kw_only=True)
class Profile:
    criterion: float  # -2 log likelihood
    gradient: Vector
    beta: Vector
    covariance: Matrix  # of beta
    residual: float
    df: int
    changes: tuple[Matrix, ...]  # of the covariance, by each relative standard deviation


@dataclass(frozen=True, kw_only=True)
class Top:
    """The relative standard deviations at the maximum, and their covariance."""

    theta: Vector
    spread: Matrix
    profile: Profile


def mixed_model(
    frame: pd.DataFrame,
    outcome: str,
    factors: Sequence[str],
    covariates: Sequence[str] = (),
    *,
    method: Method = "REML",
    with_condition: bool = True,
    near: "MixedModel | None" = None,
) -> MixedModel | Undefined:
    """Outcome ~ condition + covariates + a random intercept for each factor, profiled likelihood.

    `near` is a model of nearly the same rows or terms, from which the search starts.
    Source: Bates, Mächler, Bolker & Walker 2015, J. Stat. Softw. 67(1), equations 34-42 (as R's lme4).
    """
    rows = outcome_rows(frame.dropna(subset=[outcome, *covariates]), outcome)
    values = values_of(rows, outcome)
    if is_constant(values):
        return Undefined("All ratings are the same (or there are none), so there is nothing to model.")
    model = design(rows, covariates, with_condition=with_condition)
    groups = crossed(rows, factors)
    if problem := cannot_estimate(len(rows), model, groups):
        return problem
    return fit(values, model, groups, method, start_of(near, groups.names))


def start_of(near: MixedModel | None, factors: Sequence[str]) -> Vector | None:
    """Another model's relative standard deviations."""
    if near is None:
        return None
    residual = near.variances["residual"]
    return np.array([max(0.1, np.sqrt(near.variances.get(name, residual) / residual)) for name in factors])


def fit(
    values: Vector, model: Design, groups: Crossed, method: Method, start: Vector | None
) -> MixedModel | Undefined:
    sizes = np.sqrt(np.mean(model.matrix**2, axis=0))
    joint = np.column_stack([model.matrix / sizes, values])
    at_zero: list[str] = []
    try:
        found = solve(joint, sizes, groups, method, start)
        while groups.names and np.min(found.theta) < ZERO:
            place = int(np.argmin(found.theta))
            less = groups.without(groups.names[place])
            without = solve(joint, sizes, less, method, np.delete(found.theta, place))
            if without.profile.criterion > found.profile.criterion + 1e-6:
                break
            at_zero.append(groups.names[place])
            groups, found = less, without
    except NoError:
        return Undefined("People, items and conditions explain every rating: the model has no error left.")
    except NoMaximum:
        return Undefined(
            "The likelihood is flat, or has no maximum that could be found: these ratings cannot tell the "
            "model's parts apart."
        )
    return summarise(model, groups, found, (sizes, at_zero), (len(values), method))


def solve(joint: Matrix, sizes: Vector, groups: Crossed, method: Method, start: Vector | None = None) -> Top:
    problem = Problem(
        joint=joint, sizes=sizes, factors=groups, sums=tuple(level_sums(joint, groups)), method=method
    )
    if not groups.names:
        return Top(theta=np.zeros(0), spread=np.eye(0), profile=profile(problem, np.zeros(0)))

    def likelihood(theta: Vector) -> tuple[float, Vector]:
        here = profile(problem, theta)
        return -here.criterion / 2, -here.gradient / 2

    top = None if start is None else climb(likelihood, start)
    here = np.full(len(groups.names), 0.5) if start is None else start
    for slope in SLOPES:
        if top is None:
            here, information = quasi_newton(likelihood, here, slope)
            top = climb(likelihood, here, information)
    if top is None:
        raise NoMaximum
    signs = np.where(top.parameters < 0, -1.0, 1.0)
    theta = top.parameters * signs
    spread = np.linalg.inv(top.information * np.outer(signs, signs))
    return Top(theta=theta, spread=spread, profile=profile(problem, theta))


def quasi_newton(
    likelihood: Callable[[Vector], tuple[float, Vector]], start: Vector, slope: float
) -> tuple[Vector, Matrix]:
    """Where the search came to, and the information as its steps saw it."""

    def goal(theta: Vector) -> tuple[float, Vector]:
        value, gradient = likelihood(theta)
        return -value, -gradient

    done = optimize.minimize(goal, start, jac=True, method="BFGS", options={"gtol": slope})
    return np.asarray(done.x, np.float64), np.linalg.inv(done.hess_inv)


def level_sums(joint: Matrix, groups: Crossed) -> list[Matrix]:
    return [
        np.column_stack([np.bincount(codes, column, size) for column in joint.T])
        for codes, size in zip(groups.codes, groups.sizes, strict=True)
    ]


def profile(problem: Problem, theta: Vector) -> Profile:
    """-2 log likelihood, all but the relative standard deviations at their best, and its gradient."""
    joint, groups = problem.joint, problem.factors
    cross = joint.T @ joint
    changes: list[Matrix] = []
    log_determinant, slopes = 0.0, np.zeros(0)
    if groups.names:
        solved = Factorised(groups, theta, np.ones(len(joint)))
        right = np.concatenate([scale * part for scale, part in zip(theta, problem.sums, strict=True)])
        effects = solved.solve(right)
        cross = cross - right.T @ effects
        log_determinant = solved.log_determinant
        slopes = np.array([2 * reach.sum() for reach in solved.reaches])
        spreads = [groups.spread(effects, number) for number in range(len(theta))]
        left = joint - sum(scale * part for scale, part in zip(theta, spreads, strict=True))
        changes = [-(left.T @ part + part.T @ left) for part in spreads]
    return criterion(problem, cross, changes, log_determinant, slopes)


def criterion(
    problem: Problem, cross: Matrix, changes: list[Matrix], log_determinant: float, slopes: Vector
) -> Profile:
    information = cross[:-1, :-1]
    inverse = np.linalg.inv(information)
    beta = inverse @ cross[:-1, -1]
    contrast = np.append(-beta, 1.0)
    squares = float(contrast @ cross @ contrast)
    is_reml = problem.method == "REML"
    df = len(problem.joint) - (len(beta) if is_reml else 0)
    if squares <= NO_ERROR * df * float(np.var(problem.joint[:, -1])):
        raise NoError
    value = log_determinant + df * (1 + np.log(2 * np.pi * squares / df))
    gradient = slopes + df * np.array([contrast @ change @ contrast for change in changes]) / squares
    if is_reml:
        value += np.linalg.slogdet(information)[1] + 2 * np.log(problem.sizes).sum()
        gradient = gradient + np.array([np.sum(inverse * change[:-1, :-1]) for change in changes])
    return Profile(
        criterion=float(value),
        gradient=gradient,
        beta=beta,
        covariance=inverse * squares / df,
        residual=squares / df,
        df=df,
        changes=tuple(
            (float(contrast @ change @ contrast) * inverse - squares * inverse @ change[:-1, :-1] @ inverse)
            / df
            for change in changes
        ),
    )


def summarise(
    model: Design,
    groups: Crossed,
    found: Top,
    scaling: tuple[Vector, list[str]],
    kind: tuple[int, Method],
) -> MixedModel:
    (sizes, at_zero), (n, method), best = scaling, kind, found.profile
    units = np.outer(sizes, sizes)
    changes = tuple(change / units for change in best.changes)
    freedom = Freedom(rest=best.df, spread=found.spread, changes=changes)
    variances = dict.fromkeys(at_zero, 0.0)
    variances |= {
        name: float(best.residual * scale**2) for name, scale in zip(groups.names, found.theta, strict=True)
    }
    return MixedModel(
        n=n,
        method=method,
        coefficients=wald(model.names, best.beta / sizes, best.covariance / units, freedom),
        covariance=best.covariance / units,
        variances={**variances, "residual": best.residual},
        fitted=groups.names,
        at_zero=tuple(at_zero),
        loglik=-best.criterion / 2,
        freedom=freedom,
    )


def mixed_condition_test(
    frame: pd.DataFrame,
    outcome: str,
    factors: Sequence[str],
    covariates: Sequence[str] = (),
    near: MixedModel | None = None,
) -> LikelihoodRatio | Undefined:
    """Likelihood-ratio test for condition between two fits by maximum likelihood. Source: Wilks 1938."""
    rows = outcome_rows(frame, outcome)
    full = mixed_model(rows, outcome, factors, covariates, method="ML", near=near)
    if isinstance(full, Undefined):
        return full
    null = mixed_model(rows, outcome, factors, covariates, method="ML", with_condition=False, near=full)
    if isinstance(null, Undefined):
        return null
    if len(full.coefficients) == len(null.coefficients):
        return Undefined("There are ratings in fewer than two conditions, so there is nothing to compare.")
    return likelihood_ratio(full, null)
