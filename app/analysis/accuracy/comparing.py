"""The paper's analysis of accuracy, with and without outliers: a cell is a condition at a size.

Cells hold few runs, so the outlier rule can turn a conclusion: everything is computed both ways.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.analysis.accuracy.anova import KINDS, Anova, Kind, anova
from app.analysis.accuracy.pairs import OneWay, Pair, one_way, tukey
from app.analysis.accuracy.runs import (
    PAPER_CONDITIONS,
    Run,
    as_runs,
    at_size,
    cells_of,
    order_conditions,
    order_sizes,
)
from app.analysis.statistics.base import Undefined, Vector
from app.analysis.statistics.describe import (
    FAR,
    OUTSIDE,
    Description,
    Fences,
    Levene,
    Shapiro,
    describe,
    fences,
    levene,
    limits,
    shapiro,
)
from app.analysis.tidy import Key, Note, Statistic, figures, tidy
from app.contract.accuracies import ResultRow
from app.contract.base import InvalidFile

MEASURE = "accuracy"
ALL_RUNS, TRIMMED = "all_runs", "without_outliers"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is said of one condition at one size."""

    size: str
    condition: str
    described: Description
    fences: Fences
    shapiro: Shapiro | Undefined


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Everything about one set of runs."""

    runs: tuple[Run, ...]
    cells: tuple[Cell, ...]
    anovas: Mapping[Kind, Anova | Undefined]
    tukey: Mapping[str, tuple[Pair, ...] | Undefined]  # by size
    one_way: Mapping[str, OneWay | Undefined]
    levene: Levene | Undefined

    @property
    def pairs(self) -> tuple[Pair, ...]:
        return tuple(pair for found in self.tukey.values() if isinstance(found, tuple) for pair in found)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Both versions side by side; `ignored` counts runs of conditions the paper leaves out."""

    everything: Analysis
    trimmed: Analysis
    left_out: tuple[Run, ...]
    extreme: tuple[Run, ...]
    conditions: tuple[str, ...]
    sizes: tuple[str, ...]
    ignored: int

    @property
    def versions(self) -> dict[str, Analysis]:
        return {ALL_RUNS: self.everything, TRIMMED: self.trimmed}


def compare(rows: Sequence[ResultRow], *, is_paper: bool) -> Comparison:
    """Analyse with and without outliers. With `is_paper`, the paper's four conditions alone.

    Raises: InvalidFile if no run is left to analyse.
    """
    every = as_runs(rows)
    runs = [run for run in every if not is_paper or run.condition in PAPER_CONDITIONS]
    if not runs:
        raise InvalidFile("None of the paper's four conditions is among the runs; use --all-conditions.")
    conditions, sizes = order_conditions(runs), order_sizes(runs)
    everything = analyse(runs, conditions, sizes)
    left_out = outliers(runs, everything.cells)
    return Comparison(
        everything=everything,
        trimmed=analyse([run for run in runs if run not in left_out], conditions, sizes),
        left_out=tuple(left_out),
        extreme=tuple(outliers(runs, everything.cells, FAR)),
        conditions=tuple(conditions),
        sizes=tuple(sizes),
        ignored=len(every) - len(runs),
    )


def analyse(runs: Sequence[Run], conditions: Sequence[str], sizes: Sequence[str]) -> Analysis:
    """Analyse runs; conditions and sizes come in this order everywhere."""
    groups = cells_of(runs, conditions, sizes)
    return Analysis(
        runs=tuple(runs),
        cells=tuple(cell_of(*place, values) for place, values in groups.items()),
        anovas={kind: anova(runs, conditions, sizes, kind) for kind in KINDS},
        tukey={size: tukey(size, at_size(groups, size)) for size in sizes},
        one_way={size: one_way(at_size(groups, size).values()) for size in sizes},
        levene=levene(groups.values()),
    )


def cell_of(size: str, condition: str, values: Vector) -> Cell:
    described, around = describe(values), fences(values)
    assert isinstance(described, Description)  # noqa: S101  # a cell has runs
    assert isinstance(around, Fences)  # noqa: S101  # the same
    return Cell(size=size, condition=condition, described=described, fences=around, shapiro=shapiro(values))


def outliers(runs: Sequence[Run], cells: Iterable[Cell], iqrs: float = OUTSIDE) -> list[Run]:
    """The runs beyond so many interquartile ranges from the quartiles of their cell."""
    around = {(cell.size, cell.condition): limits(cell.fences.q1, cell.fences.q3, iqrs) for cell in cells}
    return [run for run in runs if not around[run.cell][0] <= run.accuracy <= around[run.cell][1]]


# As rows of statistics.csv: `term` is the effect, or the size


def statistics(found: Comparison) -> Iterator[Statistic | Note]:
    for version, analysis in found.versions.items():
        yield from of_cells(version, analysis)
        yield from of_anovas(version, analysis)
        yield from of_sizes(version, analysis)
        yield from tidy(Key("levene", version, MEASURE), analysis.levene)
    for run in found.left_out:
        key = Key("outlier", ALL_RUNS, MEASURE, group1=run.condition, term=run.size)
        yield Statistic(key, f"run {run.number}", 1, run.accuracy)


def of_cells(version: str, analysis: Analysis) -> Iterator[Statistic | Note]:
    for cell in analysis.cells:
        key = Key("describe", version, MEASURE, group1=cell.condition, term=cell.size)
        yield from tidy(key, cell.described)
        yield from tidy(replace(key, analysis="outliers"), cell.fences)
        yield from tidy(replace(key, analysis="shapiro"), cell.shapiro)


def of_anovas(version: str, analysis: Analysis) -> Iterator[Statistic | Note]:
    for kind, found in analysis.anovas.items():
        key = Key(f"anova_type_{kind}", version, MEASURE)
        if isinstance(found, Undefined):
            yield Note(key, found.reason)
            continue
        lines: dict[str, dict[str, float]] = {
            one.name: {"ss": one.ss, "df": one.df, "F": one.f, "p": one.p, "ges": one.ges}
            for one in found.terms
        }
        lines["residuals"] = {"ss": found.ss_error, "df": found.df_error}
        for term, values in lines.items():
            yield from figures(replace(key, term=term), len(analysis.runs), values)


def of_sizes(version: str, analysis: Analysis) -> Iterator[Statistic | Note]:
    for size, pairs in analysis.tukey.items():
        key = Key("tukey", version, MEASURE, term=size)
        if isinstance(pairs, Undefined):
            yield Note(key, pairs.reason)
            continue
        for one in pairs:
            values = {"difference": one.difference, "low": one.low, "high": one.high, "p": one.p}
            yield from figures(replace(key, group1=one.first, group2=one.second), one.n, values)
    for size, test in analysis.one_way.items():
        key = Key("one_way_anova", version, MEASURE, term=size)
        if isinstance(test, Undefined):
            yield Note(key, test.reason)
        else:
            yield from figures(key, test.n, {"F": test.f, "df1": test.df1, "df2": test.df2, "p": test.p})
