"""Write a student's folder: safetensors, tokenizer, and last of all the manifest."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from pydantic import JsonValue

from app.contract.base import sha256_of_file
from app.contract.described import Described, Evaluation, Method, TrainingRun
from app.contract.student import (
    Adapter,
    Ask,
    Generation,
    StudentManifest,
    parse_student,
    write_student,
)
from app.students.decoding import end_tokens, freeze_decoding
from app.students.loading import PRECISIONS
from training.config import TrainingConfig
from training.methods import find_method
from training.models import Loaded

NO_PART = {"README.md", "training_args.bin"}  # peft's template of a model card; a pickle
LIBRARIES = ("torch", "transformers", "accelerate", "peft")


def write_student_folder(
    folder: Path, trained: Loaded, config: TrainingConfig, run: dict[str, JsonValue], *, has_context: bool
) -> StudentManifest:
    """Write weights and tokenizer, hash every file, and the manifest last."""
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(folder, trained, config)
    trained.tokenizer.save_pretrained(folder)
    for name in NO_PART:
        (folder / name).unlink(missing_ok=True)
    manifest = describe(config, trained, run, has_context=has_context).model_copy(
        update={"files": {path.name: sha256_of_file(path) for path in sorted(folder.iterdir())}}
    )
    write_student(folder, manifest)
    return manifest


def save_weights(folder: Path, trained: Loaded, config: TrainingConfig) -> None:
    """All weights, or the adapter alone."""
    model = trained.model.to(PRECISIONS[config.store])
    model.config.use_cache = True  # the Trainer turned it off
    if config.lora is not None:
        # The trainer's path would say where the base lay here; the manifest says what it is.
        model.peft_config["default"].base_model_name_or_path = trained.base.id
        model.save_pretrained(folder, save_embedding_layers=False)
        return
    model.generation_config.pad_token_id = trained.tokenizer.pad_token_id
    freeze_decoding(model, frozenset({trained.tokenizer.eos_token_id}))
    model.save_pretrained(folder)


def describe(
    config: TrainingConfig, trained: Loaded, run: dict[str, JsonValue], *, has_context: bool
) -> StudentManifest:
    return StudentManifest(
        schema_version=1,
        name=config.name,
        architecture=trained.architecture,
        base=trained.base,
        adapter=adapter(config),
        method=method(config),
        teacher=teacher(config),
        dataset=described({"name": config.data.name, "revision": config.data.revision, **data_fields(run)}),
        run=TrainingRun.model_validate({**run_fields(config), **run}),
        generation=Generation(
            precision=config.store, end_tokens=tuple(sorted(end_tokens(trained.model, trained.tokenizer)))
        ),
        ask=make_ask(config, has_context=has_context),
    )


def make_ask(config: TrainingConfig, *, has_context: bool) -> Ask:
    ways = dict(find_method(config.method.name).ways(config.wording, has_context=has_context))
    return Ask(default=next(iter(ways)), ways=ways)


def untrained(config: TrainingConfig, loaded: Loaded, *, has_context: bool) -> StudentManifest:
    """The base model as if it were a student, asked in the same words."""
    return StudentManifest(
        schema_version=1,
        name=f"{config.base.id} (untuned)",
        architecture=loaded.architecture,
        base=loaded.base,
        ask=make_ask(config, has_context=has_context),
    )


def described(fields: dict[str, JsonValue]) -> Described:
    return Described.model_validate({key: value for key, value in fields.items() if value is not None})


def adapter(config: TrainingConfig) -> Adapter | None:
    return (
        Adapter.model_validate({"kind": "lora", **config.lora.model_dump(mode="json")})
        if config.lora
        else None
    )


def teacher(config: TrainingConfig) -> Described | None:
    if config.data.teacher is None:
        return None
    return described({"id": config.data.teacher, "prompts_sha256": config.data.prompts_sha256})


def method(config: TrainingConfig) -> Method:
    weights = config.method.model_dump(include={"alpha", "beta", "gamma"})
    return Method(training=config.method.name, data=config.data.explanations, **weights)


def data_fields(run: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"train_examples": run.pop("train_examples"), "held_out_examples": run.pop("held_out_examples")}


def run_fields(config: TrainingConfig) -> dict[str, JsonValue]:
    return {
        "seed": config.seed,
        "precision": config.optimization.precision,
        "config_sha256": config.sha256,
        "code_revision": code_revision(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
        "data_sha256": {path.name: sha256_of_file(path) for path in config.data.train},
    }


def code_revision() -> str | None:
    """The commit this code is at, with + if it was changed since; None outside a repository."""
    found = git("rev-parse", "HEAD")
    return found and found + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def git(*arguments: str) -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # fixed words
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def read_student(folder: Path) -> StudentManifest:
    """Raises: InvalidFile; FileNotFoundError if the run has not finished."""
    return parse_student((folder / "student.json").read_bytes())


def set_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Put an evaluation into a student's manifest; nothing else of the student changes."""
    write_student(folder, read_student(folder).model_copy(update={"evaluation": evaluation}))
