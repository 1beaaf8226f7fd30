"""Everything `honeyglass accuracy` writes: statistics.csv, the figure, and report.html to read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from app.analysis.accuracy import words
from app.analysis.accuracy.comparing import ALL_RUNS, TRIMMED, compare, statistics
from app.analysis.accuracy.figure import accuracy_bars
from app.analysis.accuracy.page import AccuracyPage
from app.analysis.figures.style import save, style
from app.analysis.report.page import embedded, software, told_once
from app.analysis.report.tables import Table, table
from app.analysis.tidy import Note, Statistic, write_statistics
from app.contract.accuracies import read_results
from app.contract.base import sha256_of_file
from app.web.pages import render

TITLES = {ALL_RUNS: "All runs", TRIMMED: "Without outliers"}
FIGURE = "accuracy"
CAPTION = (
    "Mean accuracy ± standard error. Dots are runs; crosses are runs that the outlier rule leaves out. "
    "The means stand in the tables below."
)
PLACES = {"group1": "Condition", "group2": "Second", "term": "Size"}
# analysis, title, quantities, what the key's fields are called
TABLES: tuple[tuple[str, str, tuple[str, ...], dict[str, str]], ...] = (
    ("describe", "Accuracy in %", ("n", "mean", "se", "sd", "median", "q1", "q3"), PLACES),
    ("anova_type_II", "Analysis of variance, type II", ("ss", "df", "F", "p", "ges"), {"term": "Effect"}),
    (
        "tukey",
        "Pairwise comparisons, Tukey's HSD (second less first)",
        ("difference", "low", "high", "p"),
        PLACES | {"group1": "First"},
    ),
    ("shapiro", "Shapiro–Wilk tests of normality", ("n", "W", "p"), PLACES),
    ("levene", "Levene's test of equal spread over conditions and sizes (median)", (), PLACES),
)


def analyze(results: Path, out: Path, *, is_paper: bool) -> list[str]:
    """Write the folder, report.html last; what it says, conclusion first. Raises: InvalidFile; OSError."""
    compared = compare(read_results(results), is_paper=is_paper)
    found = list(statistics(compared))
    stamp = (("SHA-256 of the table", sha256_of_file(results)), ("Software", software()))
    out.mkdir(parents=True, exist_ok=True)
    write_statistics(out, found)
    with style():
        save(accuracy_bars(compared, TITLES), out, FIGURE, told_once(stamp))
    conclusion, *sentences = words.sentences(compared)
    page = AccuracyPage(
        stamp=stamp,
        conclusion=conclusion,
        sentences=tuple(sentences),
        figure=embedded(FIGURE, CAPTION, out),
        tables=tuple(tables(found)),
    )
    (out / "report.html").write_bytes(bytes(render(page).body))
    return [conclusion, *sentences]


def tables(found: Sequence[Statistic | Note]) -> Iterator[Table]:
    for analysis, title, quantities, labels in TABLES:
        for variant, rows in TITLES.items():
            named = f"{title} ({rows.lower()})"
            yield table(found, named, analysis, variant, quantities, labels)
