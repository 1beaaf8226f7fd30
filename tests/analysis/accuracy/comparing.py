"""Every number of a golden file beside ours, with the tolerance it must be met with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from app.analysis.accuracy import comparing
from app.analysis.accuracy.anova import Anova, Kind
from app.analysis.accuracy.comparing import Analysis, Cell
from app.analysis.accuracy.pairs import OneWay
from app.analysis.statistics.describe import Levene, Shapiro

# Names of golden terms.
TERMS = {"condition": "model", "size": "model_size", "condition × size": "model:model_size"}
ANOVAS: dict[str, Kind] = {"anova_type1": "I", "anova_type2": "II", "anova_type3_sum_contrasts": "III"}
VARIANTS = {"all_runs": "all_runs", "after_outlier_removal": "without_outliers"}
CLOSED, TUKEY_P, TUKEY_CI, SHAPIRO_W, SHAPIRO_P = 1e-9, 1e-9, 1e-5, 1e-8, 1e-6
# Keys of golden tables -> attributes of ours.
TUKEY = {"diff_2_minus_1": "difference", "lwr": "low", "upr": "high", "p_adj": "p"}
TUKEY_PRINTED = {"estimate": "difference", "conf.low": "low", "conf.high": "high", "p.adj": "p"}


@dataclass(frozen=True)
class Comparison:
    """`absolute` is a tolerance of the difference itself, for what R gives absolutely or rounded."""

    name: str
    ours: float
    theirs: float
    relative: float = CLOSED
    absolute: float = 0.0

    @property
    def difference(self) -> float:
        return abs(self.ours - self.theirs)

    @property
    def error(self) -> float:
        return self.difference / abs(self.theirs) if self.theirs else self.difference

    @property
    def is_met(self) -> bool:
        return self.difference <= max(self.absolute, self.relative * abs(self.theirs))


def compare_all(report: comparing.Comparison, golden: dict[str, Any]) -> list[Comparison]:
    everything, trimmed = report.everything, report.trimmed
    found = [
        Comparison("n before", len(everything.runs), golden["meta"]["n_kept_before_outlier_removal"]),
        Comparison("n after", len(trimmed.runs), golden["n_after"]),
        *compare_cells("cells_before", everything, golden["cells_before"]),
        *compare_cells("cells_after", trimmed, golden["cells_after"]),
        *compare_outliers(report, golden["outliers"]),
    ]
    for key, variant in VARIANTS.items():
        found += compare_variant(key, report.versions[variant], golden[key])
    return found


def compare_cells(name: str, analysis: Analysis, rows: list[dict[str, Any]]) -> Iterator[Comparison]:
    assert [(cell.size, cell.condition) for cell in analysis.cells] == [
        (row["model_size"], row["model"]) for row in rows
    ]
    for cell, row in zip(analysis.cells, rows, strict=True):
        for key, theirs in row.items():
            if key not in {"model_size", "model"}:
                yield Comparison(f"{name} {cell.size} {cell.condition} {key}", of_cell(cell, key), theirs)


def of_cell(cell: Cell, key: str) -> float:
    return float(getattr(cell.fences if key in {"lower", "upper"} else cell.described, key))


def compare_outliers(report: comparing.Comparison, rows: list[dict[str, Any]]) -> Iterator[Comparison]:
    ours = {(*run.cell, run.number): run for run in report.left_out}
    theirs = {(row["model_size"], row["model"], row["run"]): row for row in rows}
    assert ours.keys() == theirs.keys()
    assert all(row["is.outlier"] for row in rows)
    for key, run in ours.items():
        yield Comparison(f"outlier {key}", run.accuracy, theirs[key]["test.accuracy"])
        yield Comparison(f"extreme {key}", run in report.extreme, theirs[key]["is.extreme"])


def compare_variant(name: str, analysis: Analysis, golden: dict[str, Any]) -> Iterator[Comparison]:
    """Compare the golden's keys one by one; a key that is not known fails the test."""
    for key, content in golden.items():
        where = f"{name} {key}"
        if key in ANOVAS:
            yield from compare_anova(where, analysis, ANOVAS[key], content)
        elif key == "anova_rstatix_as_printed":
            yield from compare_printed_anova(where, analysis, content)
        elif key == "tukey":
            yield from compare_tukey(where, analysis, content)
        elif key == "tukey_rstatix_as_printed":
            yield from compare_printed_tukey(where, analysis, content)
        else:
            yield from CHECKS[key](where, analysis, content)


def anova_of(analysis: Analysis, kind: Kind) -> Anova:
    found = analysis.anovas[kind]
    assert isinstance(found, Anova)
    return found


def compare_anova(
    where: str, analysis: Analysis, kind: Kind, rows: list[dict[str, Any]]
) -> Iterator[Comparison]:
    table = anova_of(analysis, kind)
    ours: dict[str, dict[str, float]] = {
        TERMS[term.name]: {"ss": term.ss, "df": term.df, "F": term.f, "p": term.p, "ges": term.ges}
        for term in table.terms
    }
    ours["Residuals"] = {"ss": table.ss_error, "df": table.df_error}
    assert list(ours) == [row["term"] for row in rows]
    for row in rows:
        for key, theirs in row.items():
            if key not in {"term", "type"} and theirs is not None:
                yield Comparison(f"{where} {row['term']} {key}", ours[row["term"]][key], theirs)


def compare_printed_anova(where: str, analysis: Analysis, rows: list[dict[str, Any]]) -> Iterator[Comparison]:
    """F and ges to three decimals, p to three digits."""
    table = anova_of(analysis, "II")
    for term, row in zip(table.terms, rows, strict=True):
        assert TERMS[term.name] == row["term"]
        yield Comparison(f"{where} {term.name} df1", term.df, row["df1"])
        yield Comparison(f"{where} {term.name} df2", table.df_error, row["df2"])
        yield Comparison(f"{where} {term.name} F", term.f, row["F"], 0, 5.001e-4)
        yield Comparison(f"{where} {term.name} p", term.p, row["p"], 5.001e-3)
        yield Comparison(f"{where} {term.name} ges", term.ges, row["ges"], 0, 5.001e-4)


def compare_tukey(where: str, analysis: Analysis, rows: list[dict[str, Any]]) -> Iterator[Comparison]:
    for pair, row in zip(analysis.pairs, rows, strict=True):
        named = (pair.size, pair.first, pair.second)
        assert named == (row["model_size"], row["group1"], row["group2"])
        for key, attribute in TUKEY.items():
            relative = TUKEY_CI if key in {"lwr", "upr"} else 0 if key == "p_adj" else CLOSED
            absolute = TUKEY_P if key == "p_adj" else 0
            ours = getattr(pair, attribute)
            yield Comparison(f"{where} {' '.join(named)} {key}", ours, row[key], relative, absolute)


def compare_printed_tukey(where: str, analysis: Analysis, rows: list[dict[str, Any]]) -> Iterator[Comparison]:
    """Compare p at the three digits it is printed with."""
    for pair, row in zip(analysis.pairs, rows, strict=True):
        assert (pair.size, pair.first, pair.second) == (row["model_size"], row["group1"], row["group2"])
        for key, attribute in TUKEY_PRINTED.items():
            relative = 5.001e-3 if key == "p.adj" else CLOSED if key == "estimate" else TUKEY_CI
            name = f"{where} {pair.size} {pair.first} {pair.second} {key}"
            yield Comparison(name, getattr(pair, attribute), row[key], relative, TUKEY_P)


def compare_levene(where: str, analysis: Analysis, row: dict[str, Any]) -> Iterator[Comparison]:
    test = analysis.levene
    assert isinstance(test, Levene)
    ours = {"F": test.F, "df1": test.df1, "df2": test.df2, "p": test.p}
    yield from (Comparison(f"{where} {key}", ours[key], theirs) for key, theirs in row.items())


def compare_shapiro(where: str, analysis: Analysis, rows: list[dict[str, Any]]) -> Iterator[Comparison]:
    ours = {(cell.size, cell.condition): cell.shapiro for cell in analysis.cells}
    for row in rows:
        cell = row["model_size"], row["model"]
        test = ours[cell]
        assert isinstance(test, Shapiro)
        yield Comparison(f"{where} {cell} W", test.W, row["W"], SHAPIRO_W)
        yield Comparison(f"{where} {cell} p", test.p, row["p"], SHAPIRO_P)


def compare_one_way(where: str, analysis: Analysis, rows: list[dict[str, Any]]) -> Iterator[Comparison]:
    for row in rows:
        size = row["model_size"]
        test = analysis.one_way[size]
        assert isinstance(test, OneWay)
        here = [cell.described for cell in analysis.cells if cell.size == size]
        errors = [(one.n - 1) * (one.sd or 0) ** 2 for one in here]
        ours: dict[str, float] = {"F": test.f, "df1": test.df1, "df2": test.df2, "p": test.p}
        ours["ms_residual"] = sum(errors) / test.df2
        for key, value in ours.items():
            yield Comparison(f"{where} {size} {key}", value, row[key])


CHECKS: dict[str, Callable[[str, Analysis, Any], Iterator[Comparison]]] = {
    "levene_median": compare_levene,
    "shapiro": compare_shapiro,
    "oneway_anova_per_size": compare_one_way,
}


def error_table(comparisons: list[Comparison], rows: int = 25) -> str:
    """The relative errors, worst first; figures that a library printed rounded are only counted."""
    exact = [each for each in comparisons if "_as_printed" not in each.name]
    worst = sorted(exact, key=lambda each: (not each.is_met, each.error), reverse=True)[:rows]
    lines = [
        f"{each.error:.1e}  {each.difference:.1e}  {each.name}: {each.ours!r} v. {each.theirs!r}"
        for each in worst
    ]
    head = f"{len(exact)} figures and {len(comparisons) - len(exact)} rounded ones compared."
    return "\n".join([head, "relative and absolute error, misses and worst first:", *lines])
