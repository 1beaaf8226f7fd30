"""A run asks the machine once for its precision, and stays with the answer."""

import json
from pathlib import Path

import pytest
import torch

from app.contract.student import parse_student
from tests.training.tiny import make_settings
from training import precision, train
from training.config import Precision, load_stored
from training.experiment import run_experiment
from training.grid import Planned, read_grid
from training.precision import Choice, choose, faster, seconds, settled_for_all

CONFIGS = Path(__file__).parents[2] / "training" / "configs"
GRID = """
config = "train.toml"
out = "runs"
seeds = [0, 1]
[methods]
combined = { method = { name = "combined" } }
[data]
unrevised = {}
[sizes]
small = {}
large = { optimization = { precision = "fp32" } }
"""


def test_a_processor_without_bf16_trains_in_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_native_bf16", lambda: False)
    monkeypatch.setattr(precision, "seconds", lambda _dtype: pytest.fail("nothing needs to be measured"))
    assert choose("cpu").precision == "fp32"


def test_a_processor_with_bf16_is_measured_and_the_faster_precision_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision, "has_native_bf16", lambda: True)
    for slow, winner in ((torch.float32, "bf16"), (torch.bfloat16, "fp32")):
        monkeypatch.setattr(precision, "seconds", lambda dtype, slow=slow: 2.0 if dtype is slow else 1.0)
        assert choose("cpu").precision == winner
    assert faster({"bf16": 0.001, "fp32": 0.004}).reason.endswith("bf16 took 1.0 ms, fp32 4.0 ms.")


def test_several_processes_need_not_agree_on_what_each_has_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_native_bf16", lambda: True)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert choose("cpu").precision == "fp32"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_measurement_runs_on_any_processor(dtype: torch.dtype) -> None:
    assert seconds(dtype) > 0


@pytest.mark.parametrize("chosen", ["fp32", "bf16"])
def test_a_run_stores_its_precision_and_keeps_it_when_resumed_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], chosen: Precision
) -> None:
    answers = [Choice(precision=chosen, reason="Asked once.")]
    monkeypatch.setattr(precision, "choose", lambda _device: answers.pop())
    config = make_settings(
        tmp_path, store="auto", optimization={"precision": "auto", "steps": 2, "evaluate_every": 1}
    )
    assert (config.optimization.precision, config.store) == ("auto", "auto")
    student = train.train(config, frozenset())
    assert f"Training in {chosen}. Asked once." in capsys.readouterr().out
    assert load_stored(config.out / train.RUN).optimization.precision == chosen
    manifest = parse_student((student / "student.json").read_bytes())
    assert manifest.generation.precision == chosen
    (student / "student.json").unlink()  # as if it had been killed while the student was written
    train.train(config, frozenset(), resume=True)  # asks nobody: there is no answer left
    assert load_stored(config.out / train.RUN).optimization.precision == chosen


def test_all_runs_of_a_grid_train_in_the_precision_that_was_chosen_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Precision] = ["fp32", "bf16"]
    monkeypatch.setattr(precision, "choose", lambda _device: Choice(precision=answers.pop(), reason="Asked."))
    (tmp_path / "train.toml").write_text('[optimization]\nsteps = 1\ndevice = "cpu"\n', encoding="utf-8")
    (tmp_path / "grid.toml").write_text(GRID, encoding="utf-8")
    made: list[Planned] = []

    def run_one(planned: Planned) -> float:
        made.append(planned)
        return 0.5

    grid = read_grid(tmp_path / "grid.toml")
    run_experiment(grid, run_one)
    found = {run.name: run.config["optimization"]["precision"] for run in made}
    assert {found["small-combined-unrevised-seed0"], found["small-combined-unrevised-seed1"]} == {"bf16"}
    assert found["large-combined-unrevised-seed0"] == "fp32"  # which its own line says
    assert run_experiment(grid, run_one).skipped == 4
    assert settled_for_all(grid.out, "cpu").precision == "bf16"
    assert json.loads((grid.out / "precision.json").read_text())["reason"] == "Asked."
