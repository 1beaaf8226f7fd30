"""Results of several runs, by seed and over seeds, as a Markdown table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from app.contract.base import InvalidFile
from app.contract.described import Evaluation, Explanations, Interval, Method
from app.contract.student import STUDENT, StudentManifest, parse_student

HEADER = (
    "| base | method | data | way | seed | n | accuracy (95 %) | by likelihood (95 %) | words | consistent |",
    "|---|---|---|---|---|---|---|---|---|---|",
)
Condition = tuple[str, str, str, str]


@dataclass(frozen=True)
class Result:
    """One evaluated run; `condition` is all that runs over seeds have in common."""

    condition: Condition
    seed: str
    figures: Evaluation


def read_rows(runs: Sequence[Path]) -> list[Result]:
    """Raises: InvalidFile for a run that is not finished or not evaluated."""
    return [result_of(run, parse_student(read_manifest(run))) for run in runs]


def read_manifest(run: Path) -> bytes:
    file = run / "student" / STUDENT
    if not file.is_file():
        raise InvalidFile(f"{run}: no finished run.")
    return file.read_bytes()


def result_of(run: Path, manifest: StudentManifest) -> Result:
    if manifest.evaluation is None:
        raise InvalidFile(f"{run}: not evaluated yet; python -m training evaluate {run}")
    method = manifest.method or Method()
    seed = manifest.run.seed if manifest.run else None
    named = method.training or "", method.data or "", manifest.evaluation.way or ""
    base = manifest.base.id + (f" + {manifest.adapter.kind}" if manifest.adapter else "")
    return Result((base, *named), "" if seed is None else str(seed), manifest.evaluation)


def make_table(results: Sequence[Result]) -> str:
    """A line per run, and one with mean and standard error for each condition with several seeds.

    Runs of one condition and one seed differ in something else, so there is no mean over seeds of them.
    """
    lines = list(HEADER)
    for condition in dict.fromkeys(result.condition for result in results):
        runs = [result for result in results if result.condition == condition]
        lines += [run_line(one) for one in sorted(runs, key=lambda one: (len(one.seed), one.seed))]
        lines += [mean_line(condition, runs)] if len({one.seed for one in runs}) == len(runs) > 1 else []
    return "\n".join(lines)


def run_line(one: Result) -> str:
    figures, explained = one.figures, one.figures.explanations or Explanations()
    cells = (
        *one.condition,
        one.seed,
        "" if figures.n is None else str(figures.n),
        with_interval(figures.accuracy, figures.ci95),
        with_interval(figures.accuracy_likelihood, figures.ci95_likelihood),
        plain(explained.words, 1),
        plain(explained.consistent, 3),
    )
    return f"| {' | '.join(cells)} |"


def mean_line(condition: Condition, runs: Sequence[Result]) -> str:
    cells = (
        *condition,
        "mean ± SE",
        "",
        over_seeds([one.figures.accuracy for one in runs]),
        over_seeds([one.figures.accuracy_likelihood for one in runs]),
    )
    return f"| {' | '.join(cells)} | | |"


def over_seeds(measured: Sequence[float | None]) -> str:
    values = [value for value in measured if value is not None]
    if len(values) < 2:  # noqa: PLR2004  # one value has no spread
        return ""
    return f"{mean(values):.4f} ± {stdev(values) / len(values) ** 0.5:.4f}"


def with_interval(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return ""
    return f"{value:.4f} ({interval[0]:.3f} to {interval[1]:.3f})"


def plain(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
