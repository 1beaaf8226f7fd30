"""The paper's analysis of accuracy: cells, outliers, analysis of variance and pairwise comparisons.

Pure functions over runs, accuracies in percent. A cell is a condition at a size. Cells hold few runs, so the
outlier rule can turn a conclusion: everything is computed with and without it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from app.analysis.accuracy.runs import Run

Vector = npt.NDArray[np.float64]
CONFIDENCE = 0.95
OUTLIER_IQRS, EXTREME_IQRS = 1.5, 3.0
FEWEST_FOR_SHAPIRO = 3


@dataclass(frozen=True)
class Cell:
    """What is said of one condition at one size; `low` and `high` are the outlier rule's fences."""

    size: str
    condition: str
    n: int
    mean: float
    sd: float
    se: float
    median: float
    q1: float
    q3: float
    low: float
    high: float


@dataclass(frozen=True)
class Term:
    """A line of an analysis of variance; `ges` is SS / (SS + SS of the error)."""

    name: str
    ss: float
    df: int
    f: float
    p: float
    ges: float


@dataclass(frozen=True)
class Anova:
    terms: tuple[Term, ...]
    ss_error: float
    df_error: int


@dataclass(frozen=True)
class Pair:
    """`difference` is the mean of `second` less that of `first`, with a simultaneous 95 % interval."""

    size: str
    first: str
    second: str
    n: int
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class FTest:
    n: int
    statistic: float
    df1: int
    df2: int
    p: float


@dataclass(frozen=True)
class Analysis:
    """Everything about one set of runs. What cannot be computed is absent: None, or not among the keys."""

    runs: tuple[Run, ...]
    cells: tuple[Cell, ...]
    anovas: Mapping[str, Anova]
    tukey: tuple[Pair, ...]
    one_way: Mapping[str, FTest]
    levene: FTest | None
    shapiro: Mapping[tuple[str, str], tuple[float, float]]


Kind = Literal["I", "II", "III"]
KINDS: tuple[Kind, ...] = ("I", "II", "III")


def analyse(runs: Sequence[Run], conditions: Sequence[str], sizes: Sequence[str]) -> Analysis:
    """Analyse runs; conditions and sizes come in this order everywhere."""
    groups = grouped(runs, conditions, sizes)
    found = {kind: anova(runs, conditions, sizes, kind) for kind in KINDS}
    return Analysis(
        runs=tuple(runs),
        cells=tuple(describe(*cell, values) for cell, values in groups.items()),
        anovas={kind: table for kind, table in found.items() if table is not None},
        tukey=tuple(pair for size in sizes for pair in tukey(size, at_size(groups, size))),
        one_way=dict(one_way_tests(groups, sizes)),
        levene=levene(list(groups.values())),
        shapiro=dict(shapiro_tests(groups)),
    )


def grouped(
    runs: Iterable[Run], conditions: Sequence[str], sizes: Sequence[str]
) -> dict[tuple[str, str], Vector]:
    """The accuracies of each cell that has runs."""
    every = list(runs)
    cells = {
        (size, condition): np.array([run.accuracy for run in every if run.cell == (size, condition)])
        for size in sizes
        for condition in conditions
    }
    return {cell: values for cell, values in cells.items() if len(values)}


def at_size(groups: Mapping[tuple[str, str], Vector], size: str) -> dict[str, Vector]:
    return {condition: values for (where, condition), values in groups.items() if where == size}


# Cells and outliers


def describe(size: str, condition: str, values: Vector) -> Cell:
    """Mean, spread and quartiles of one cell. The quantiles are R's type 7, numpy's default."""
    n = len(values)
    sd = float(values.std(ddof=1)) if n > 1 else float("nan")
    q1, median, q3 = (float(value) for value in np.quantile(values, (0.25, 0.5, 0.75)))
    low, high = fences(q1, q3, OUTLIER_IQRS)
    mean = float(values.mean())
    return Cell(size, condition, n, mean, sd, float(sd / np.sqrt(n)), median, q1, q3, low, high)


def fences(q1: float, q3: float, iqrs: float) -> tuple[float, float]:
    """Source: Tukey 1977, Exploratory Data Analysis. A value on a fence is no outlier."""
    return q1 - iqrs * (q3 - q1), q3 + iqrs * (q3 - q1)


def outliers(runs: Sequence[Run], cells: Iterable[Cell], iqrs: float = OUTLIER_IQRS) -> list[Run]:
    """The runs beyond so many interquartile ranges from the quartiles of their cell."""
    limits = {(cell.size, cell.condition): fences(cell.q1, cell.q3, iqrs) for cell in cells}
    return [run for run in runs if not limits[run.cell][0] <= run.accuracy <= limits[run.cell][1]]


# Analysis of variance


def anova(runs: Sequence[Run], conditions: Sequence[str], sizes: Sequence[str], kind: Kind) -> Anova | None:
    """Compare nested linear models: condition, size and both. None where there is no error to compare with.

    Type I takes terms in this order, II each after all that do not contain it, III each after all others
    (sum contrasts). Source: Langsrud 2003, Statistics and Computing 13(2).
    """
    values = np.array([run.accuracy for run in runs])
    columns = term_columns(runs, conditions, sizes)
    error, rank = residual(values, list(columns.values()))
    df_error = len(values) - rank
    if not columns or df_error < 1 or not has_spread(grouped(runs, conditions, sizes).values()):
        return None
    terms = []
    for name in columns:
        less, more = compared(list(columns), name, kind)
        ss_less, rank_less = residual(values, [columns[term] for term in less])
        ss_more, rank_more = residual(values, [columns[term] for term in more])
        if rank_more > rank_less:  # a cell without runs can leave a term nothing of its own
            ss, df = ss_less - ss_more, rank_more - rank_less
            f = ss / df / (error / df_error)
            terms.append(Term(name, ss, df, f, float(stats.f.sf(f, df, df_error)), ss / (ss + error)))
    return Anova(tuple(terms), error, df_error)


def compared(terms: list[str], name: str, kind: Kind) -> tuple[list[str], list[str]]:
    """The terms of the two models whose difference is the term's sum of squares."""
    if kind == "I":
        more = terms[: terms.index(name) + 1]
    elif kind == "II":
        more = [term for term in terms if term == name or name not in term.split(":")]
    else:
        more = terms
    return [term for term in more if term != name], more


def term_columns(
    runs: Sequence[Run], conditions: Sequence[str], sizes: Sequence[str]
) -> dict[str, npt.NDArray[np.float64]]:
    """Each term's columns under sum contrasts, (runs, levels - 1); a factor of one level is no term."""
    used = Counter(run.condition for run in runs), Counter(run.size for run in runs)
    first = contrasts([run.condition for run in runs], [level for level in conditions if level in used[0]])
    second = contrasts([run.size for run in runs], [level for level in sizes if level in used[1]])
    both = (first[:, :, None] * second[:, None, :]).reshape(len(runs), -1)
    named = {"model": first, "model_size": second, "model:model_size": both}
    return {name: columns for name, columns in named.items() if columns.shape[1]}


def contrasts(column: Sequence[str], levels: Sequence[str]) -> npt.NDArray[np.float64]:
    coded = np.vstack([np.eye(len(levels) - 1), -np.ones(len(levels) - 1)])  # (levels, levels - 1)
    rows: npt.NDArray[np.float64] = coded[[levels.index(value) for value in column]]
    return rows


def residual(values: Vector, columns: Sequence[npt.NDArray[np.float64]]) -> tuple[float, int]:
    """Sum of squares that the intercept and these columns leave, and their rank."""
    matrix = np.hstack([np.ones((len(values), 1)), *columns])
    beta, _, rank, _ = np.linalg.lstsq(matrix, values, rcond=None)
    return float(np.sum((values - matrix @ beta) ** 2)), int(rank)


# Comparisons and checks of what they assume


def tukey(size: str, groups: Mapping[str, Vector]) -> Iterator[Pair]:
    """Yield all pairs of conditions at one size. Source: Kramer 1956, Biometrics 12(3)."""
    df = sum(map(len, groups.values())) - len(groups)
    if len(groups) < 2 or not has_spread(groups.values()):  # noqa: PLR2004  # a pair
        return
    ms = mean_square(groups.values(), df)
    quantile = float(stats.studentized_range.ppf(CONFIDENCE, len(groups), df))
    for (first, a), (second, b) in combinations(groups.items(), 2):
        difference = float(b.mean() - a.mean())
        unit = float(np.sqrt(ms / 2 * (1 / len(a) + 1 / len(b))))
        p = float(stats.studentized_range.sf(abs(difference) / unit, len(groups), df))
        low, high = difference - quantile * unit, difference + quantile * unit
        yield Pair(size, first, second, len(a) + len(b), difference, low, high, min(p, 1.0))


def has_spread(groups: Iterable[Vector]) -> bool:
    """Whether any group's values differ: a test on a variance of rounding errors would say nonsense."""
    return any(np.ptp(values) > 0 for values in groups)


def mean_square(groups: Iterable[Vector], df: int) -> float:
    """Mean square within groups."""
    return sum(float(np.sum((values - values.mean()) ** 2)) for values in groups) / df


def one_way_tests(
    groups: Mapping[tuple[str, str], Vector], sizes: Sequence[str]
) -> Iterator[tuple[str, FTest]]:
    """One-way analysis of variance over the conditions at each size."""
    for size in sizes:
        here = list(at_size(groups, size).values())
        df = sum(map(len, here)) - len(here)
        if len(here) > 1 and has_spread(here):
            f, p = stats.f_oneway(*here)
            yield size, FTest(df + len(here), float(f), len(here) - 1, df, float(p))


def levene(groups: Sequence[Vector]) -> FTest | None:
    """Equal spread over the cells, around medians as R's car and rstatix do (Brown & Forsythe 1974)."""
    n = sum(map(len, groups))
    apart = [np.abs(values - np.median(values)) for values in groups]
    if len(groups) < 2 or not has_spread(apart):  # noqa: PLR2004  # two
        return None
    f, p = stats.levene(*groups, center="median")
    return FTest(n, float(f), len(groups) - 1, n - len(groups), float(p))


def shapiro_tests(
    groups: Mapping[tuple[str, str], Vector],
) -> Iterator[tuple[tuple[str, str], tuple[float, float]]]:
    """W and p of normality in each cell that has enough different values."""
    for cell, values in groups.items():
        if len(values) >= FEWEST_FOR_SHAPIRO and np.ptp(values) > 0:
            w, p = stats.shapiro(values)
            yield cell, (float(w), float(p))
