"""Whole runs of tiny models: same seed, resume, accumulation, overfitting, LoRA, T5, and what is refused."""

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli_w
import torch
from safetensors.torch import load_file
from transformers import TrainerCallback

from app.contract.base import InvalidFile
from app.contract.student import parse_student
from tests.training.tiny import make_row, make_settings, write_rows
from training import train as stage
from training.config import TrainingConfig
from training.run_log import read_log
from training.test_set import fingerprints
from training.trainer import DistillationTrainer, plan

NOTHING: frozenset[str] = frozenset()


def run(config: TrainingConfig, **options: Any) -> dict[str, torch.Tensor]:
    folder = stage.train(config, NOTHING, **options)
    name = "adapter_model.safetensors" if config.lora else "model.safetensors"
    return dict(load_file(folder / name))


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class Killed(Exception):
    pass


class Kill(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Stop as a kill does: between two checkpoints."""

    def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        if state.global_step == 3:
            raise Killed


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path: Path) -> None:
    first = run(make_settings(tmp_path, out=str(tmp_path / "a")))
    assert same(first, run(make_settings(tmp_path, out=str(tmp_path / "b"))))
    assert not same(first, run(make_settings(tmp_path, out=str(tmp_path / "c"), seed=1)))


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(make_settings(tmp_path, out=str(tmp_path / "whole"), kind="t5"))  # which has dropout
    config = make_settings(tmp_path, out=str(tmp_path / "killed"))
    made = DistillationTrainer.__init__

    def with_a_kill(self: Any, **more: Any) -> None:
        made(self, **more)
        self.add_callback(Kill())

    with monkeypatch.context() as patch:
        patch.setattr(DistillationTrainer, "__init__", with_a_kill)
        with pytest.raises(Killed):
            stage.train(config, NOTHING)
    assert not (config.out / "student").exists()
    with pytest.raises(InvalidFile, match="go on with --resume"):
        stage.train(config, NOTHING)
    other = make_settings(tmp_path, out=str(tmp_path / "killed"), seed=5)
    with pytest.raises(InvalidFile, match="another configuration"):
        stage.train(other, NOTHING, resume=True)
    assert same(whole, run(config, resume=True))
    steps = [int(row["step"]) for row in read_log(config.out / "log.csv") if row["name"] == "eval_loss"]
    assert steps == [2, 4]


def test_accumulated_micro_batches_give_what_one_large_batch_gives(tmp_path: Path) -> None:
    def trained(name: str, **how: Any) -> dict[str, torch.Tensor]:
        shape = {"max_grad_norm": 0.0, "learning_rate": 1e-3, **how}
        return run(make_settings(tmp_path, out=str(tmp_path / name), optimization=shape))

    large = trained("large", batch_size=4, accumulation=1)
    small = trained("small", batch_size=1, accumulation=4)
    assert large.keys() == small.keys()
    assert all(torch.allclose(large[name], small[name], atol=2e-5) for name in large)


def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    shape = {"learning_rate": 1e-3, "patience": 2}
    alone = {**shape, "batch_size": 4, "accumulation": 1}
    one = run(make_settings(tmp_path, out=str(tmp_path / "one"), optimization=alone))
    shared = {**shape, "batch_size": 1, "accumulation": 2}
    config = make_settings(tmp_path, out=str(tmp_path / "two"), optimization=shared)
    fields = config.model_dump(mode="json", exclude_none=True, exclude={"wording"})
    (tmp_path / "two.toml").write_text(tomli_w.dumps(fields), encoding="utf-8")
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "training"]
    subprocess.run([sys.executable, *command, "train", str(tmp_path / "two.toml")], check=True, timeout=900)
    two = load_file(config.out / "student" / "model.safetensors")
    assert all(torch.allclose(one[name], two[name], atol=2e-5) for name in one)


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_eight_examples_are_learnt_by_heart(tmp_path: Path, kind: str) -> None:
    rows = [make_row(number, counterfactuals={}) for number in range(8)]
    write_rows(tmp_path / "rows.jsonl", [*rows, make_row(90), make_row(91)])
    how = {"steps": 250, "batch_size": 8, "accumulation": 1, "learning_rate": 1e-2, "evaluate_every": 250}
    config = make_settings(
        tmp_path,
        kind=kind,
        method={"name": "multitask", "alpha": 1.0},
        optimization={**how, "max_grad_norm": 1.0},
    )
    stage.train(config, NOTHING)
    losses = [float(row["value"]) for row in read_log(config.out / "log.csv") if row["name"] == "loss"]
    assert losses[0] > 2
    assert losses[-1] < 0.2


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_an_adapter_alone_is_stored_with_its_base_by_hash(tmp_path: Path, kind: str) -> None:
    config = make_settings(tmp_path, kind=kind, lora={"rank": 2, "alpha": 4}, method={"name": "standard"})
    weights = run(config)
    assert all("lora_" in name for name in weights)
    assert any(tensor.abs().sum() > 0 for name, tensor in weights.items() if "lora_B" in name)
    manifest = parse_student((config.out / "student" / "student.json").read_bytes())
    assert manifest.base.file == "model.safetensors"
    assert manifest.base.sha256 is not None
    assert str(tmp_path) not in (config.out / "student" / "adapter_config.json").read_text()


def test_a_finished_run_is_never_overwritten_and_tells_what_it_did(tmp_path: Path) -> None:
    config = make_settings(tmp_path, optimization={"precision": "bf16"}, store="bf16")
    weights = run(config)
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    with pytest.raises(InvalidFile, match="holds a finished run"):
        stage.train(config, NOTHING)
    assert not (config.out / "trainer").exists()
    with (config.out / "log.csv").open(encoding="utf-8") as stream:
        names = {row["name"] for row in csv.DictReader(stream)}
    assert {"loss", "learning_rate", "eval_loss", "eval_answer", "eval_counterfactual"} <= names
    manifest = parse_student((config.out / "student" / "student.json").read_bytes())
    assert manifest.run is not None
    told = manifest.run.model_dump()
    assert (told["seed"], told["steps"], told["precision"]) == (0, 4, "bf16")
    assert told["config_sha256"] == config.sha256


def test_training_stops_early_and_keeps_the_best_weights(tmp_path: Path) -> None:
    how = {"steps": 40, "evaluate_every": 1, "patience": 1, "learning_rate": 3.0}  # far too high
    config = make_settings(tmp_path, optimization=how)
    stage.train(config, NOTHING)
    manifest = parse_student((config.out / "student" / "student.json").read_bytes())
    assert manifest.run is not None
    told = manifest.run.model_dump()
    assert told["steps"] == told["best_step"] + 1 < 40


def test_data_with_a_test_question_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    config = make_settings(tmp_path)
    tested = fingerprints([write_rows(tmp_path / "test.jsonl", [make_row(3)])], "teacher")
    with pytest.raises(InvalidFile, match="'q3' is in the test set"):
        stage.train(config, tested)
    assert not config.out.exists()
    with_context = [make_row(number, context="So." if number % 2 else None) for number in range(10)]
    write_rows(tmp_path / "rows.jsonl", with_context)
    with pytest.raises(InvalidFile, match="some have none"):
        stage.train(config, NOTHING)


def test_a_runs_plan_covers_every_example_each_epoch_and_is_seeded() -> None:
    lengths = [length % 7 for length in range(12)]
    planned = plan(lengths, 4, 6, seed=0)
    assert len(planned) == 24
    assert sorted(planned) == sorted([*range(12), *range(12)])
    assert planned == plan(lengths, 4, 6, seed=0) != plan(lengths, 4, 6, seed=1)
