"""The table: a line per run, and mean and standard error over seeds where runs differ in nothing else."""

from pathlib import Path
from typing import Any

import pytest

from app.contract.base import InvalidFile
from app.contract.described import Evaluation
from app.contract.student import parse_student, write_student
from tests.worker.students import finish
from training.table import make_table, read_rows

MEASURES = {"words": 17.25, "consistent": 0.5}


def make_run(folder: Path, seed: int, accuracy: float, **more: Any) -> Path:
    """A finished run as far as a table reads it."""
    student = folder / "student"
    student.mkdir(parents=True)
    finish(
        student,
        architecture="decoder-only",
        method={"training": "combined", "data": "revised"},
        run={"seed": seed},
        evaluation={
            "way": "multitask",
            "n": 1000,
            "accuracy": accuracy,
            "ci95": [accuracy - 0.02, accuracy + 0.02],
            "accuracy_likelihood": 0.3,
            "ci95_likelihood": [0.28, 0.32],
            "explanations": MEASURES,
        },
        **more,
    )
    return folder


def test_seeds_stand_in_order_with_mean_and_standard_error_below(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / f"s{seed}", seed, accuracy) for seed, accuracy in ((10, 0.4), (2, 0.2))]
    adapter = make_run(tmp_path / "lora", 0, 0.25, adapter={"kind": "lora"})
    condition, after = "combined | revised | multitask", "0.3000 (0.280 to 0.320) | 17.2 | 0.500 |"
    assert make_table(read_rows([*runs, adapter])).splitlines()[2:] == [
        f"| tiny | {condition} | 2 | 1000 | 0.2000 (0.180 to 0.220) | {after}",
        f"| tiny | {condition} | 10 | 1000 | 0.4000 (0.380 to 0.420) | {after}",
        # Standard error: sqrt((0.1^2 + 0.1^2) / 1) / sqrt(2) = 0.1.
        f"| tiny | {condition} | mean ± SE | | 0.3000 ± 0.1000 | 0.3000 ± 0.0000 | | |".replace(
            "| |", "|  |", 1
        ),
        f"| tiny + lora | {condition} | 0 | 1000 | 0.2500 (0.230 to 0.270) | {after}",
    ]


def test_runs_of_one_seed_have_no_mean_and_unfinished_or_unevaluated_ones_are_refused(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / name, 1, 0.4) for name in ("one", "other")]
    assert "mean" not in make_table(read_rows(runs))
    student = runs[0] / "student"
    manifest = parse_student((student / "student.json").read_bytes())
    write_student(student, manifest.model_copy(update={"evaluation": None}))
    with pytest.raises(InvalidFile, match="not evaluated yet; python -m training evaluate"):
        read_rows(runs)
    with pytest.raises(InvalidFile, match="no finished run"):
        read_rows([tmp_path / "nowhere"])


def test_a_measure_that_could_not_be_taken_is_an_empty_cell(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", 0, 0.4)
    manifest = parse_student((run / "student" / "student.json").read_bytes())
    bare = Evaluation.model_validate({"accuracy": 0.4, "ci95": [0.3, 0.5], "explanations": {"explained": 0}})
    write_student(run / "student", manifest.model_copy(update={"evaluation": bare}))
    line = make_table(read_rows([run])).splitlines()[-1]
    assert line == "| tiny | combined | revised |  | 0 |  | 0.4000 (0.300 to 0.500) |  |  |  |"
