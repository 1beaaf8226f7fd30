"""Results of several runs, by seed and over seeds, as a Markdown table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from app.contract.base import InvalidFile
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
    fields: dict[str, object]

    def number(self, name: str) -> float | None:
        value = self.fields.get(name)
        return float(value) if isinstance(value, (int, float)) else None


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
    fields = dict(manifest.evaluation.model_dump())
    method = manifest.method.model_dump() if manifest.method else {}
    seed = str(manifest.run.model_dump().get("seed", "")) if manifest.run else ""
    named = str(method.get("training", "")), str(method.get("data", "")), str(fields.get("way", ""))
    base = manifest.base.id + (f" + {manifest.adapter.kind}" if manifest.adapter else "")
    return Result((base, *named), seed, fields)


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
    explained = one.fields.get("explanations")
    measures = explained if isinstance(explained, dict) else {}
    cells = (
        *one.condition,
        one.seed,
        str(one.fields.get("n", "")),
        with_interval(one, "accuracy", "ci95"),
        with_interval(one, "accuracy_likelihood", "ci95_likelihood"),
        plain(measures.get("words"), 1),
        plain(measures.get("consistent"), 3),
    )
    return f"| {' | '.join(cells)} |"


def mean_line(condition: Condition, runs: Sequence[Result]) -> str:
    cells = (
        *condition,
        "mean ± SE",
        "",
        over_seeds(runs, "accuracy"),
        over_seeds(runs, "accuracy_likelihood"),
    )
    return f"| {' | '.join(cells)} | | |"


def over_seeds(runs: Sequence[Result], name: str) -> str:
    values = [value for run in runs if (value := run.number(name)) is not None]
    if len(values) < 2:  # noqa: PLR2004  # one value has no spread
        return ""
    return f"{mean(values):.4f} ± {stdev(values) / len(values) ** 0.5:.4f}"


def with_interval(one: Result, name: str, interval: str) -> str:
    value, bounds = one.number(name), one.fields.get(interval)
    if value is None or not isinstance(bounds, (list, tuple)):
        return ""
    return f"{value:.4f} ({bounds[0]:.3f} to {bounds[1]:.3f})"


def plain(value: object, digits: int) -> str:
    return f"{value:.{digits}f}" if isinstance(value, (int, float)) else ""
