"""statistics.csv: every figure of an experiment's analysis on a line of its own, at full precision."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

from app.analysis.accuracy.analysis import Analysis
from app.analysis.accuracy.runs import Run


@dataclass(frozen=True)
class Statistic:
    """`term` is the effect, or the size that conditions are compared at."""

    analysis: str
    variant: str
    measure: str
    group1: str
    group2: str
    term: str
    quantity: str
    n: int
    value: float


def write_statistics(path: Path, statistics: Iterable[Statistic]) -> int:
    """Write the lines whose value is known; how many there are."""
    rows = [astuple(each) for each in statistics if not math.isnan(each.value)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([field.name for field in fields(Statistic)])
        writer.writerows([*row[:-1], repr(row[-1])] for row in rows)
    return len(rows)


def tidy(variants: Mapping[str, Analysis], left_out: Iterable[Run]) -> Iterator[Statistic]:
    for name, analysis in variants.items():
        yield from tidy_cells(name, analysis)
        yield from tidy_anova(name, analysis)
        yield from tidy_tukey(name, analysis)
        yield from tidy_checks(name, analysis)
    for run in left_out:
        place = ("all_runs", "accuracy", run.condition, "", run.size)
        yield Statistic("outlier", *place, f"run {run.number}", 1, run.accuracy)


def tidy_cells(variant: str, analysis: Analysis) -> Iterator[Statistic]:
    for cell in analysis.cells:
        for quantity, value in list(asdict(cell).items())[3:]:
            place = (variant, "accuracy", cell.condition, "", cell.size)
            yield Statistic("cell", *place, quantity, cell.n, float(value))


def tidy_anova(variant: str, analysis: Analysis) -> Iterator[Statistic]:
    n = len(analysis.runs)
    for kind, table in analysis.anovas.items():
        named = (f"anova_type_{kind}", variant, "accuracy", "", "")
        for term in table.terms:
            values = {"ss": term.ss, "df": term.df, "F": term.f, "p": term.p, "ges": term.ges}
            yield from (Statistic(*named, term.name, key, n, float(value)) for key, value in values.items())
        yield Statistic(*named, "Residuals", "ss", n, table.ss_error)
        yield Statistic(*named, "Residuals", "df", n, float(table.df_error))


def tidy_tukey(variant: str, analysis: Analysis) -> Iterator[Statistic]:
    for pair in analysis.tukey:
        values = {"difference": pair.difference, "low": pair.low, "high": pair.high, "p": pair.p}
        for quantity, value in values.items():
            place = (variant, "accuracy", pair.first, pair.second, pair.size)
            yield Statistic("tukey", *place, quantity, pair.n, value)


def tidy_checks(variant: str, analysis: Analysis) -> Iterator[Statistic]:
    tests = {("one_way_anova", size): test for size, test in analysis.one_way.items()}
    if analysis.levene is not None:
        tests["levene_median", ""] = analysis.levene
    for (name, size), test in tests.items():
        values = {"F": test.statistic, "df1": test.df1, "df2": test.df2, "p": test.p}
        for quantity, value in values.items():
            yield Statistic(name, variant, "accuracy", "", "", size, quantity, test.n, float(value))
    counts = {(cell.size, cell.condition): cell.n for cell in analysis.cells}
    for (size, condition), (w, p) in analysis.shapiro.items():
        for quantity, value in {"W": w, "p": p}.items():
            place = (variant, "accuracy", condition, "", size)
            yield Statistic("shapiro", *place, quantity, counts[size, condition], value)
