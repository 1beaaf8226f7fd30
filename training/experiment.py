"""Train and evaluate methods × data × sizes × seeds, then have their accuracy analysed as the paper does.

One stage, top to bottom: read the grid, run what is not done yet (each run is `python -m training train`
and `evaluate` in processes of their own), write results.csv after every run, and have `honeyglass accuracy`
write the analysis beside it. A failed run is named and the others go on.

    python -m training.experiment grid.toml
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import tomli_w
import typer
from rich.console import Console

from app.contract.accuracies import DATA, METHODS, ResultRow, write_results
from app.contract.base import InvalidFile, sha256_of
from app.contract.files import write_whole
from app.contract.student import STUDENT
from training.grid import Commands, Grid, Planned, leaves_precision_open, plan, read_grid

RESULTS, CONFIG, LOG, DONE = "results.csv", "config.toml", "log.txt", "accuracy.json"
ANALYSIS = (sys.executable, "-m", "app.cli", "accuracy")
console = Console(highlight=False, soft_wrap=True)


# One run


class RunFailed(Exception):
    """A run that gave no accuracy; the message says why and where to read on."""


class RunOne(Protocol):
    def __call__(self, planned: Planned) -> float:
        """Train and evaluate one student; its accuracy, a share of 1. Raises: RunFailed."""


@dataclass(frozen=True)
class Subprocesses:
    """Runs the two stages as commands; their output goes to the run's log."""

    commands: Commands

    def __call__(self, planned: Planned) -> float:
        student = planned.folder / "student"
        write_config(planned.folder / CONFIG, tomli_w.dumps(planned.config), student)
        if not (student / STUDENT).is_file():
            self.call(self.commands.train, planned)
        self.call(self.commands.evaluate, planned)
        return read_accuracy(student / STUDENT)

    def call(self, template: tuple[str, ...], planned: Planned) -> None:
        values = {"python": sys.executable, "config": str(planned.folder / CONFIG)}
        values["run"] = str(planned.folder)
        command = [part.format_map(values) for part in template]
        with (planned.folder / LOG).open("ab") as log:
            try:
                done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)  # noqa: S603  # the grid's own command
            except OSError as error:
                raise RunFailed(f"cannot start {command[0]}: {error.strerror}") from error
        if done.returncode:
            where = planned.folder / LOG
            raise RunFailed(f"exit status {done.returncode} of: {' '.join(command)}; see {where}")


def write_config(path: Path, content: str, student: Path) -> None:
    before = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    if student.exists() and before not in (None, tomllib.loads(content)):
        raise RunFailed(f"{student} was trained under another config; choose another `out`, or remove it")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def read_accuracy(manifest: Path) -> float:
    """The exact-match accuracy that `evaluate` wrote into the student's manifest."""
    try:
        accuracy = json.loads(manifest.read_text(encoding="utf-8"))["evaluation"]["accuracy"]
        return float(accuracy)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunFailed(f"{manifest} has no evaluation.accuracy") from error


# The experiment


@dataclass(frozen=True)
class Outcome:
    rows: tuple[ResultRow, ...]
    skipped: int
    failed: Mapping[str, str]  # run -> why


def run_experiment(grid: Grid, run_one: RunOne) -> Outcome:
    """Run what is not done yet; results.csv is up to date after every run."""
    rows: list[ResultRow] = []
    failed: dict[str, str] = {}
    skipped = 0
    planned_runs = list(plan(grid, precision_of(grid)))
    for number, planned in enumerate(planned_runs, start=1):
        label = f"{number} of {len(planned_runs)}: {planned.name}"
        accuracy = finished_accuracy(planned)
        skipped += accuracy is not None
        try:
            if accuracy is None:
                console.print(label, markup=False)
                accuracy = run_one(planned)
                write_done(planned, accuracy)
        except RunFailed as error:
            failed[planned.name] = str(error)
            console.print(f"Failed, {planned.name}: {error}", markup=False)
            continue
        rows.append(as_row(planned, accuracy))
        write_results(grid.out / RESULTS, rows)
    return Outcome(tuple(rows), skipped, failed)


def precision_of(grid: Grid) -> str | None:
    """The one precision of all runs that leave it to the machine; None if none does."""
    open_runs = [run.config["optimization"] for run in plan(grid) if leaves_precision_open(run.config)]
    devices = [how.get("device", "auto") for how in open_runs]
    if not devices:
        return None
    from training.precision import settled_for_all  # noqa: PLC0415  # PyTorch is slow to load

    choice = settled_for_all(grid.out, "cpu" if "cpu" in devices else "auto")
    console.print(f"Training in {choice.precision}. {choice.reason}", markup=False)
    return choice.precision


def finished_accuracy(planned: Planned) -> float | None:
    """What a finished run came to. Raises: InvalidFile if it ran under another config than it would now."""
    path = planned.folder / DONE
    if not path.is_file():
        return None
    done = json.loads(path.read_text(encoding="utf-8"))
    if done["config_sha256"] != sha256_of(planned.config):
        raise InvalidFile(
            f"{planned.name} was run under another config than the grid now gives it. "
            f"Choose another `out`, or remove {planned.folder} to run it again."
        )
    return float(done["accuracy"])


def write_done(planned: Planned, accuracy: float) -> None:
    planned.folder.mkdir(parents=True, exist_ok=True)
    content = {"accuracy": accuracy, "config_sha256": sha256_of(planned.config)}
    write_whole(planned.folder / DONE, json.dumps(content) + "\n")


def as_row(planned: Planned, accuracy: float) -> ResultRow:
    """In the published file's words; names of the grid that it does not know stay."""
    data, method = DATA.get(planned.data, planned.data), METHODS.get(planned.method, planned.method)
    return ResultRow(
        run=planned.seed,
        accuracy=accuracy,
        target_rationale=data,
        model_size=planned.size,
        training_mode=method,
    )


# The command


def experiment(
    grid: Annotated[Path, typer.Argument(help="TOML: methods, data, sizes and seeds.")],
    out: Annotated[Path | None, typer.Option(help="The folder for the analysis.")] = None,
) -> None:
    """Run a grid of students and analyse their accuracy."""
    try:
        run_grid(read_grid(grid), out)
    except (InvalidFile, OSError) as error:
        console.print(f"Error: {error}", markup=False)
        raise typer.Exit(1) from error


def run_grid(grid: Grid, out: Path | None) -> None:
    outcome = run_experiment(grid, Subprocesses(grid.commands))
    is_analysed = not outcome.rows or analyse(grid, out or grid.out / "analysis")
    console.print(f"{len(outcome.rows)} runs done, {outcome.skipped} of them before.", markup=False)
    for name, why in outcome.failed.items():
        console.print(f"Failed, {name}: {why}", markup=False)
    if outcome.failed or not is_analysed:
        raise typer.Exit(1)


def analyse(grid: Grid, out: Path) -> bool:
    """Have the table analysed by the product's own command, and print what that says; whether it worked."""
    chosen = ["--all-conditions"] if grid.all_conditions else []
    command = [*ANALYSIS, str(grid.out / RESULTS), "--out", str(out), *chosen]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # noqa: S603  # our own command
    console.print(done.stdout.rstrip(), markup=False)
    return done.returncode == 0


if __name__ == "__main__":
    typer.run(experiment)
