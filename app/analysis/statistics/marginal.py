"""What a cumulative link mixed model says on the scale's own points, over all people and items.

An odds ratio is of one person's ratings of one item. Readers ask for the average of everybody's:
P(y <= c) = ∫ F(threshold_c - η - σz) φ(z) dz, σ² being all random intercepts' variance. Standard errors are
by the delta method, from the covariance of thresholds, coefficients and standard deviations. Sources: Agresti
2010, Analysis of Ordinal Categorical Data, 10.1; for the sum in place of the integral, which is exact also
where σ is large, Trefethen & Weideman 2014, SIAM Review 56(3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from app.analysis.statistics.base import Matrix, Vector, pairs
from app.analysis.statistics.cumulative import CumulativeModel
from app.analysis.statistics.effects import Z95

NODES = np.linspace(-9, 9, 181)
WEIGHTS = np.exp(-(NODES**2) / 2) / np.sum(np.exp(-(NODES**2) / 2))


@dataclass(frozen=True, kw_only=True)
class Estimated:
    """A figure with a 95 % interval: of a condition, or the second of two less the first."""

    group1: str
    group2: str
    term: str
    estimate: float
    se: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class OnTheScale:
    """`probabilities` have the rating as `term`."""

    means: tuple[Estimated, ...]
    differences: tuple[Estimated, ...]
    probabilities: tuple[Estimated, ...]


@dataclass(frozen=True)
class Expected:
    """Probabilities of one condition's ratings, and their derivatives by all parameters (a row for each)."""

    probabilities: Vector
    jacobian: Matrix


def on_the_scale(model: CumulativeModel, levels: Vector, labels: Sequence[str]) -> OnTheScale:
    """`levels`: the ratings that the model has. `labels`: its conditions, its reference first."""
    expected = {label: expected_of(model, label) for label in labels}
    span = (float(levels[0]), float(levels[-1]))
    means = [
        within(span, label, "", float(levels @ one.probabilities), error(model, levels @ one.jacobian))
        for label, one in expected.items()
    ]
    probabilities = [
        within((0, 1), label, f"{level:g}", float(probability), error(model, row))
        for label, one in expected.items()
        for level, probability, row in zip(levels, one.probabilities, one.jacobian, strict=True)
    ]
    return OnTheScale(
        means=tuple(means),
        differences=tuple(
            difference(model, levels, (first, expected[first]), (second, expected[second]))
            for first, second in pairs(list(labels))
        ),
        probabilities=tuple(probabilities),
    )


def expected_of(model: CumulativeModel, label: str) -> Expected:
    estimates = np.array([one.estimate for one in model.coefficients])
    scales = np.array([model.deviations[name] for name in model.fitted])
    terms = [one.term for one in model.coefficients]
    count, total = model.thresholds, float(np.linalg.norm(scales))
    jacobian = np.zeros((count, len(model.joint)))
    shift = 0.0
    at_slope = terms.index(label, count) if label in terms[count:] else None
    if at_slope is not None:
        shift = estimates[at_slope]
    edges = estimates[:count, None] - shift - total * NODES
    below, density = expit(edges) @ WEIGHTS, expit(edges) * expit(-edges)
    jacobian[:, :count] = np.diag(density @ WEIGHTS)
    if at_slope is not None:
        jacobian[:, at_slope] = -density @ WEIGHTS
    if total:
        jacobian[:, len(terms) :] = np.outer(-density @ (NODES * WEIGHTS), scales / total)
    whole = np.zeros((1, len(model.joint)))
    return Expected(
        np.diff(below, prepend=0.0, append=1.0),
        np.diff(np.concatenate([whole, jacobian, whole]), axis=0),
    )


def error(model: CumulativeModel, gradient: Vector) -> float:
    return float(np.sqrt(gradient @ model.joint @ gradient))


def within(span: tuple[float, float], label: str, term: str, estimate: float, se: float) -> Estimated:
    """The interval is symmetric on the logit scale between the ends, which it does not cross."""
    low, high = span
    width = high - low
    share = (estimate - low) / width
    half = Z95 * se / width / (share * (1 - share))
    ends = low + width * expit(logit(share) + np.array([-half, half]))
    return Estimated(
        group1=label,
        group2="",
        term=term,
        estimate=estimate,
        se=se,
        low=float(ends[0]),
        high=float(ends[1]),
    )


def difference(
    model: CumulativeModel, levels: Vector, first: tuple[str, Expected], second: tuple[str, Expected]
) -> Estimated:
    estimate = float(levels @ (second[1].probabilities - first[1].probabilities))
    se = error(model, levels @ (second[1].jacobian - first[1].jacobian))
    return Estimated(
        group1=first[0],
        group2=second[0],
        term="",
        estimate=estimate,
        se=se,
        low=estimate - Z95 * se,
        high=estimate + Z95 * se,
    )
