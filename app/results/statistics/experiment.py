"""Runs of an experiment over two factors (method × model size), as the published study took accuracy.

Values beyond 1.5 interquartile ranges of their cell may be left out first (`describe.outlier_rows`); cells
hold few runs, so that the rule can turn a conclusion: show results with and without.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from app.results.statistics.base import Matrix, Undefined, Vector, is_constant


@dataclass(frozen=True)
class AnovaTerm:
    """`ges` is generalised eta squared: its sum of squares over itself and the error."""

    term: str
    ss: float
    df: int
    F: float
    p: float
    ges: float


@dataclass(frozen=True)
class Anova:
    n: int
    terms: tuple[AnovaTerm, ...]
    ss_error: float
    df_error: int


def anova(frame: pd.DataFrame, outcome: str, first: str, second: str) -> Anova | Undefined:
    """Two-way analysis of variance, type II sums of squares. Source: Langsrud 2003, Stat. Comput. 13(2)."""
    rows = frame.dropna(subset=[outcome])
    values = np.asarray(rows[outcome], dtype=np.float64)
    a, b = indicators(rows[first]), indicators(rows[second])
    cells = indicators(rows[first].astype(str) + "\0" + rows[second].astype(str))
    one = np.ones((len(rows), 1))
    if min(a.shape[1], b.shape[1]) < 2 or is_constant(values):  # noqa: PLR2004  # a factor has two levels
        return Undefined("A two-way analysis of variance needs two levels of both factors, and spread.")
    main = np.hstack([one, a, b])
    whole, rank = squares(values, np.hstack([main, cells]))
    df = len(values) - rank
    if df < 1 or whole <= 0:
        return Undefined("Every cell has a single run, so there is no error to compare with.")
    both = squares(values, main)
    found = {
        first: (squares(values, np.hstack([one, b])), both),
        second: (squares(values, np.hstack([one, a])), both),
        f"{first}:{second}": (both, (whole, rank)),
    }
    terms = [
        term(name, less[0] - more[0], more[1] - less[1], whole, df)
        for name, (less, more) in found.items()
        if more[1] > less[1]
    ]
    return Anova(len(values), tuple(terms), whole, df)


def term(name: str, ss: float, df: int, error: float, df_error: int) -> AnovaTerm:
    ratio = (ss / df) / (error / df_error)
    return AnovaTerm(name, ss, df, ratio, float(stats.f.sf(ratio, df, df_error)), ss / (ss + error))


def indicators(column: "pd.Series[str]") -> Matrix:
    return pd.get_dummies(column.astype(str)).to_numpy(np.float64)


def squares(values: Vector, matrix: Matrix) -> tuple[float, int]:
    """Residual sum of squares, and the rank."""
    beta, _, rank, _ = np.linalg.lstsq(matrix, values, rcond=None)
    return float(np.sum((values - matrix @ beta) ** 2)), int(rank)


@dataclass(frozen=True)
class TukeyPair:
    """`difference` is the second group's mean less the first's, with a simultaneous 95 % interval."""

    group1: str
    group2: str
    n: int
    difference: float
    low: float
    high: float
    p: float


def tukey(groups: dict[str, Vector]) -> list[TukeyPair] | Undefined:
    """All pairs at once. Sources: Tukey 1953; Kramer 1956, Biometrics 12(3), for groups of unequal size."""
    known = {label: values for label, values in groups.items() if len(values)}
    n, count = sum(map(len, known.values())), len(known)
    error = sum(float(np.sum((values - values.mean()) ** 2)) for values in known.values())
    if count < 2 or n <= count or error == 0:  # noqa: PLR2004  # two groups
        return Undefined("Tukey's comparison needs two groups whose values differ within them.")
    return list(tukey_pairs(known, error / (n - count), n - count))


def tukey_pairs(groups: dict[str, Vector], error: float, df: int) -> Iterator[TukeyPair]:
    quantile = float(stats.studentized_range.ppf(0.95, len(groups), df))
    for (label1, first), (label2, second) in combinations(groups.items(), 2):
        difference = float(second.mean() - first.mean())
        spread = float(np.sqrt(error / 2 * (1 / len(first) + 1 / len(second))))
        p = float(stats.studentized_range.sf(abs(difference) / spread, len(groups), df))
        low, high = difference - quantile * spread, difference + quantile * spread
        yield TukeyPair(label1, label2, len(first) + len(second), difference, low, high, min(1.0, p))
