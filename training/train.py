"""Train one student, from a configuration to a folder that `honeyglass checkpoint add` takes.

    out/run.json      the configuration as it was read
    out/log.csv       every logged figure
    out/trainer/      what a killed run is resumed from; removed at the end
    out/student/      the student; its student.json is written last, so its presence means finished

`accelerate launch -m training train CONFIG` runs the same on several GPUs.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import EarlyStoppingCallback, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint

from app.contract.base import InvalidFile
from app.contract.student import STUDENT
from training.checkpoint import write_student_folder
from training.config import TrainingConfig, load_stored
from training.data import Lesson, hold_out, read_lessons, refuse_overlap, shortened
from training.methods import find_method
from training.models import Loaded, add_lora, load_base
from training.precision import settled
from training.rows import Row, encode, special_tokens
from training.run_log import CsvLog
from training.trainer import DistillationTrainer, Objective

RUN = "run.json"
TRAINED_ON = "trained-on.txt"


@dataclass(frozen=True)
class Material:
    """The rows of each example that is trained on, and of each that is held out."""

    train: list[list[Row]]
    held_out: list[list[Row]]
    left_out: int  # rows longer than the limit


def train(config: TrainingConfig, tested: frozenset[str], *, resume: bool = False) -> Path:
    """Train a student and return its folder. `tested` are the test questions' fingerprints.

    Raises: InvalidFile, saying what to do, before anything is written.
    """
    config = with_precision(config, resume=resume)
    refuse_overwriting(config, resume=resume)
    lessons, held_out = read_material(config)
    refuse_overlap([*lessons, *held_out], tested)
    has_context = one_kind([*lessons, *held_out])
    set_seed(config.seed)
    loaded = load_base(config.base)
    loaded = add_lora(loaded, config.lora) if config.lora else loaded
    material = encode_all(config, loaded, lessons, held_out)
    trainer = make_trainer(config, loaded, material)
    if trainer.is_world_process_zero():
        note_run(config, [*lessons, *held_out])
    trainer.train(resume_from_checkpoint=last_checkpoint(config) if resume else None)
    trained = replace(loaded, model=trainer.accelerator.unwrap_model(trainer.model))
    if trainer.is_world_process_zero():
        facts = {
            **outcome(trainer, material),
            "train_examples": len(lessons),
            "held_out_examples": len(held_out),
        }
        write_student_folder(config.out / "student", trained, config, facts, has_context=has_context)
        tidy(config)
    return config.out / "student"


def with_precision(config: TrainingConfig, *, resume: bool) -> TrainingConfig:
    """The configuration with the precision this run trains in, which is printed and stored with it."""
    stored = config.out / RUN
    config, choice = settled(config, load_stored(stored) if resume and stored.is_file() else None)
    if choice is not None:
        print(f"Training in {choice.precision}. {choice.reason}", flush=True)  # noqa: T201  # for whoever started it
    return config


# The run's folder


def refuse_overwriting(config: TrainingConfig, *, resume: bool) -> None:
    """Refuse a folder with a finished run, and one with another or an unasked-for unfinished run."""
    out = config.out
    if (out / "student" / STUDENT).exists():
        raise InvalidFile(f"{out}: holds a finished run; give another 'out', or remove it.")
    if not (out / RUN).exists():
        return
    if not resume:
        raise InvalidFile(f"{out}: holds an unfinished run; go on with --resume, or give another 'out'.")
    if load_stored(out / RUN).sha256 != config.sha256:
        raise InvalidFile(
            f"{out}: its run has another configuration; resume with that, or give another 'out'."
        )


def note_run(config: TrainingConfig, lessons: Sequence[Lesson]) -> None:
    config.out.mkdir(parents=True, exist_ok=True)
    marks = sorted({lesson.example.fingerprint for lesson in lessons})
    (config.out / TRAINED_ON).write_text("\n".join(marks) + "\n", encoding="utf-8")
    (config.out / RUN).write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")


def last_checkpoint(config: TrainingConfig) -> str | None:
    folder = config.out / "trainer"
    return get_last_checkpoint(str(folder)) if folder.is_dir() else None


def tidy(config: TrainingConfig) -> None:
    if not config.keep_trainer_files:
        shutil.rmtree(config.out / "trainer", ignore_errors=True)


# The material


def read_material(config: TrainingConfig) -> tuple[list[Lesson], list[Lesson]]:
    """Training and held-out lessons. Raises: InvalidFile."""
    data = config.data
    lessons = [lesson for path in data.train for lesson in read_lessons(path, data.format)]
    if data.most_explanation_words is not None:
        lessons = [shorter(lesson, data.most_explanation_words) for lesson in lessons]
    train_lessons, held_out = hold_out(lessons, data.held_out, data.split_seed)
    if data.limit is not None and data.limit < len(train_lessons):
        train_lessons = Random(f"limit {data.split_seed}").sample(train_lessons, data.limit)
    if not train_lessons or not held_out:
        raise InvalidFile(f"{len(lessons)} questions are too few to train on some and hold others out.")
    return train_lessons, held_out


def shorter(lesson: Lesson, most_words: int) -> Lesson:
    return replace(
        lesson,
        explanation=shortened(lesson.explanation, most_words),
        revised_explanation=shortened(lesson.revised_explanation, most_words),
        counterfactuals={one: shortened(text, most_words) for one, text in lesson.counterfactuals.items()},
    )


def one_kind(lessons: Sequence[Lesson]) -> bool:
    """Whether questions have a context: all or none, for a student is asked in one way."""
    kinds = {lesson.example.context is not None for lesson in lessons}
    if len(kinds) > 1:
        raise InvalidFile("Some questions have a context and some have none; train on one kind.")
    return kinds == {True}


def encode_all(
    config: TrainingConfig, loaded: Loaded, lessons: Sequence[Lesson], held_out: Sequence[Lesson]
) -> Material:
    shown = held_out[: config.optimization.held_out_limit]
    train_rows = [encode_lesson(config, loaded, lesson) for lesson in lessons]
    held_out_rows = [encode_lesson(config, loaded, lesson) for lesson in shown]
    most = config.optimization.most_tokens
    kept = [[row for row in rows if len(row) <= most] for rows in train_rows]
    kept_out = [[row for row in rows if len(row) <= most] for rows in held_out_rows]
    left_out = sum(map(len, train_rows)) - sum(map(len, kept))
    if not any(kept) or not any(kept_out):
        raise InvalidFile(f"No row has at most {most} tokens; raise optimization.most_tokens.")
    return Material([rows for rows in kept if rows], [rows for rows in kept_out if rows], left_out)


def encode_lesson(config: TrainingConfig, loaded: Loaded, lesson: Lesson) -> list[Row]:
    method = find_method(config.method.name)
    way = config.wording.two_steps(has_context=lesson.example.context is not None)
    return [
        encode(row, method.TASKS.index(row.task), way, loaded.tokenizer)
        for row in method.collate(lesson, config.wording, config.data.explanations)
    ]


# The trainer


def make_trainer(config: TrainingConfig, loaded: Loaded, material: Material) -> DistillationTrainer:
    objective = Objective(
        find_method(config.method.name), config.method, special_tokens(loaded.model, loaded.tokenizer)
    )
    patience = config.optimization.patience
    stopping = [EarlyStoppingCallback(early_stopping_patience=patience)] if patience else []
    return DistillationTrainer(
        objective=objective,
        lessons=material.train,
        held_out=material.held_out,
        held_out_rows_at_once=config.optimization.held_out_rows_at_once,
        model=loaded.model,
        args=TrainingArguments(**arguments(config)),
        callbacks=[CsvLog(config.out / "log.csv"), *stopping],
    )


def arguments(config: TrainingConfig) -> dict[str, Any]:
    """TrainingArguments: every one of them that matters here."""
    how = config.optimization
    return {
        "output_dir": str(config.out / "trainer"),
        "seed": config.seed,
        "max_steps": how.steps,
        "num_train_epochs": 1,  # the plan of the whole run counts as one
        "per_device_train_batch_size": how.batch_size,
        "gradient_accumulation_steps": how.accumulation,
        "learning_rate": how.learning_rate,
        "lr_scheduler_type": how.scheduler,
        "warmup_steps": how.warmup_steps,
        "weight_decay": how.weight_decay,
        "max_grad_norm": how.max_grad_norm,
        "bf16": how.precision == "bf16",
        "use_cpu": how.device == "cpu" or not torch.cuda.is_available(),
        "activation_checkpointing": how.gradient_checkpointing,
        "eval_strategy": "steps",
        "eval_steps": how.evaluate_every,
        "save_strategy": "steps",
        "save_steps": how.evaluate_every,
        "save_total_limit": 2,
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
        "restore_callback_states_from_checkpoint": True,
        "logging_steps": max(1, min(10, how.evaluate_every)),
        "logging_nan_inf_filter": False,
        "report_to": ["tensorboard"] if config.tensorboard else [],
        "remove_unused_columns": False,
        "dataloader_pin_memory": False,
    }


def outcome(trainer: DistillationTrainer, material: Material) -> dict[str, Any]:
    state = trainer.state
    return {
        "steps": state.global_step,
        "best_step": state.best_global_step,
        "held_out_loss": state.best_metric,
        "rows_left_out": material.left_out,
        "processes": trainer.args.world_size,
    }
