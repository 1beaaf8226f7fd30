"""What a design confounds: models that have no estimate however many ratings there are, and why."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from app.analysis.statistics.base import Codes, Matrix, Undefined, conditions_of, values_of
from app.analysis.statistics.crossed import Crossed, is_nested
from app.analysis.statistics.design import Design


def cannot_estimate(n: int, model: Design, groups: Crossed, thresholds: int = 0) -> Undefined | None:
    """The first reason why a mixed model of n ratings has no estimate."""
    return next(reasons(n, model, groups, thresholds), None)


def reasons(n: int, model: Design, groups: Crossed, thresholds: int) -> Iterator[Undefined]:
    for term in model.dropped:
        yield Undefined(
            f"{term} follows from the conditions and the other terms, so their effects cannot be told apart."
        )
    for name, size in zip(groups.names, groups.sizes, strict=True):
        if size < 2:  # noqa: PLR2004  # a variance needs two
            yield Undefined(f"There is only one {name}, so its share of the variance cannot be estimated.")
        if size == n:
            yield Undefined(f"No {name} has two ratings, so its variance cannot be told from the rest.")
    coefficients = thresholds + len(model.names)
    if n <= coefficients + len(groups.names):
        yield Undefined(f"{n} ratings are too few for a mixed model of {coefficients} coefficients.")
    yield from confounded(model, groups)


def confounded(model: Design, groups: Crossed) -> Iterator[Undefined]:
    """Factors that cannot be told from the conditions, or from each other."""
    for name, codes, size in zip(groups.names, groups.codes, groups.sizes, strict=True):
        if 1 < size <= shared(model.matrix, codes, size):
            yield Undefined(
                f"Each {name} belongs to one condition, and there are too few of them to tell "
                f"the condition's effect from the {name}'s own."
            )
    for (first, one), (second, other) in combinations(zip(groups.names, groups.codes, strict=True), 2):
        if is_nested(one, other) and is_nested(other, one):
            yield Undefined(
                f"Each {first} has a {second} of its own, so their variances cannot be told apart."
            )


def shared(matrix: Matrix, codes: Codes, size: int) -> int:
    """How many dimensions the fixed effects (and an intercept) have in common with a factor's levels."""
    columns = np.column_stack([np.ones(len(codes)), matrix])
    counts = np.bincount(codes, minlength=size)
    means = np.column_stack([np.bincount(codes, column, size) / counts for column in columns.T])
    scale = np.sqrt(np.mean(columns**2, axis=0))
    within = np.linalg.matrix_rank((columns - means[codes]) / scale, tol=1e-8 * np.sqrt(len(codes)))
    return int(np.linalg.matrix_rank(columns / scale) - within)


def separated_conditions(frame: pd.DataFrame, outcome: str) -> Undefined | None:
    """Conditions whose ratings are all at or above those of the rest: their odds ratios would be endless.

    Source: Albert & Anderson 1984, Biometrika 71(1); for ordinal ratings Kosmidis 2014, JRSS B 76(1).
    """
    values = values_of(frame, outcome)
    codes = np.asarray(frame["condition"].cat.codes)
    ends = [
        (values[codes == number].min(), values[codes == number].max(), label)
        for number, label in enumerate(conditions_of(frame))
    ]
    ends.sort()
    for count in range(1, len(ends)):
        below, above = ends[:count], ends[count:]
        if max(high for _, high, _ in below) <= min(low for low, _, _ in above):
            return Undefined(
                f"Every rating of {labels(above)} is at or above every rating of {labels(below)}: ratings "
                "that overlap so little have no odds ratios, which would grow without bound."
            )
    return None


def labels(ends: list[tuple[float, float, str]]) -> str:
    return " and ".join(label for _, _, label in ends)
