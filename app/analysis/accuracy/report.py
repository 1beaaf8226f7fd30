"""The analysis of an experiment as files: statistics.csv, the figure, and report.html to read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from app.analysis.accuracy import words
from app.analysis.accuracy.analysis import EXTREME_IQRS, Analysis, analyse, outliers
from app.analysis.accuracy.figure import write_figure
from app.analysis.accuracy.runs import PAPER_CONDITIONS, Run, as_runs, order_conditions, order_sizes
from app.analysis.accuracy.tidy import tidy, write_statistics
from app.contract.accuracies import ResultRow
from app.contract.base import InvalidFile
from app.web.pages import inlined

TITLES = {"all_runs": "All runs", "without_outliers": "Without outliers"}


@dataclass(frozen=True)
class Report:
    """Both versions side by side; `ignored` counts runs of conditions the paper leaves out."""

    variants: Mapping[str, Analysis]
    left_out: tuple[Run, ...]
    extreme: tuple[Run, ...]
    conditions: tuple[str, ...]
    sizes: tuple[str, ...]
    ignored: int


def compare(rows: Sequence[ResultRow], *, is_paper: bool) -> Report:
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
    trimmed = analyse([run for run in runs if run not in left_out], conditions, sizes)
    return Report(
        variants={"all_runs": everything, "without_outliers": trimmed},
        left_out=tuple(left_out),
        extreme=tuple(outliers(runs, everything.cells, EXTREME_IQRS)),
        conditions=tuple(conditions),
        sizes=tuple(sizes),
        ignored=len(every) - len(runs),
    )


def write_report(rows: Sequence[ResultRow], out: Path, *, is_paper: bool) -> list[str]:
    """Write the folder, report.html last; what it says. Raises: InvalidFile; OSError."""
    report = compare(rows, is_paper=is_paper)
    out.mkdir(parents=True, exist_ok=True)
    write_statistics(out / "statistics.csv", tidy(report.variants, report.left_out))
    titled = {TITLES[name]: analysis for name, analysis in report.variants.items()}
    write_figure(out, titled, report.conditions, report.sizes, report.left_out)
    (out / "report.html").write_text("\n".join(page(report)) + "\n", encoding="utf-8")
    return sentences(report)


def sentences(report: Report) -> list[str]:
    """Everything the report says, the conclusion first."""
    everything, trimmed = report.variants["all_runs"], report.variants["without_outliers"]
    said = [
        words.conclusion(everything, trimmed),
        words.outlier_sentence(everything.runs, report.left_out, report.extreme),
        *words.anova_sentences(everything, trimmed),
        *words.pair_sentences(everything, trimmed),
    ]
    said += words.repetition_sentences(everything.runs)
    if report.ignored:
        said.append(
            f"{report.ignored} runs of conditions that the paper does not compare (MT and CF on revised "
            "explanations) are left out; --all-conditions takes them in."
        )
    return said


# The page


def page(report: Report) -> Iterator[str]:
    first, *rest = sentences(report)
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Experiment</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{inlined("tokens.css", "report.css")}'
    yield "</style></head><body>"
    yield f'<h1>Accuracy of the students</h1>\n<p class="main">{escape(first)}</p>\n<ul>'
    yield from (f"<li>{escape(sentence)}</li>" for sentence in rest)
    yield '</ul>\n<figure><img src="accuracy.svg" alt="Bars of mean accuracy per size and condition; '
    yield 'the means stand in the tables below."><figcaption>Mean accuracy ± standard error. Dots are runs; '
    yield "crosses are runs that the outlier rule leaves out.</figcaption></figure>"
    for heading, draw in SECTIONS.items():
        yield f'<h2>{heading}</h2>\n<div class="sides">'
        for name, analysis in report.variants.items():
            yield f'<div class="wide">{draw(TITLES[name], analysis)}</div>'
        yield "</div>"
    yield "<p>Every figure at full precision: statistics.csv.</p></body></html>"


def cell_table(title: str, analysis: Analysis) -> str:
    rows = [
        (f"{cell.size} {cell.condition}", str(cell.n), f"{cell.mean:.2f}", f"{cell.se:.2f}", f"{cell.sd:.2f}")
        for cell in analysis.cells
    ]
    return table(title, ("Condition", "n", "Mean %", "SE", "SD"), rows)


def anova_table(title: str, analysis: Analysis) -> str:
    if "II" not in analysis.anovas:
        return f"<p>{title}: there are too few runs, or no spread, for an analysis of variance.</p>"
    found = analysis.anovas["II"]
    rows = [
        (
            *(words.TERMS[term.name], f"{term.ss:.2f}", str(term.df)),
            *(f"{term.f:.2f}", words.p_words(term.p), f"{term.ges:.3f}"),
        )
        for term in found.terms
    ]
    error = ("Residuals", f"{found.ss_error:.2f}", str(found.df_error), "", "", "")
    return table(title, ("Effect", "SS (type II)", "df", "F", "p", "ges"), [*rows, error])


def tukey_table(title: str, analysis: Analysis) -> str:
    rows = [
        (
            *(f"{pair.size}: {pair.second} − {pair.first}", f"{pair.difference:+.2f}"),
            *(f"[{pair.low:.2f}, {pair.high:.2f}]", words.p_words(pair.p)),
        )
        for pair in analysis.tukey
    ]
    return table(title, ("Pair", "Difference", "95 % interval", "p"), rows)


def assumption_table(title: str, analysis: Analysis) -> str:
    rows = [
        (f"{size} {condition}: normality (Shapiro-Wilk)", f"W = {w:.3f}", words.p_words(p))
        for (size, condition), (w, p) in analysis.shapiro.items()
    ]
    if analysis.levene is not None:
        test = analysis.levene
        said = f"F({test.df1}, {test.df2}) = {test.statistic:.2f}"
        rows.append(("Equal spread (Levene, medians)", said, words.p_words(test.p)))
    return table(title, ("Check", "Statistic", "p"), rows)


SECTIONS = {
    "Means": cell_table,
    "Analysis of variance": anova_table,
    "Pairwise comparisons (Tukey HSD)": tukey_table,
    "What these assume": assumption_table,
}


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(value)}</td>" for value in row) + "</tr>" for row in rows)
    caption = f"<caption>{escape(title)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
