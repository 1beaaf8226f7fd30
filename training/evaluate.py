"""Evaluate a student, or the untuned base model, on the test set or on the held-out tenth.

Asked as its manifest says, it is right when the answer it wrote is the right choice (exact match), and, apart
from that, when the right choice is the likeliest. The figures go into the manifest, the texts into
predictions.jsonl beside the student's folder.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any, Literal

import torch
from peft import PeftModel
from transformers import AutoTokenizer

from app.contract.base import InvalidFile
from app.contract.student import STUDENT, StudentManifest, Way
from training.asking import Asked, Told, ask_all
from training.checkpoint import DTYPES, read_student, set_evaluation, untrained
from training.config import TrainingConfig, load_stored
from training.data import DataFormat, Example
from training.likelihood import Likeliest, likeliest_choices
from training.measures import Estimate, bootstrap, describe_explanations, is_right
from training.models import SAFE, Loaded, load_base, load_model
from training.rows import special_tokens
from training.test_set import read_test_set
from training.train import RUN, TRAINED_ON, read_material

Split = Literal["test", "held-out"]


@dataclass(frozen=True)
class Settings:
    split: Split = "test"
    way: str | None = None  # None: the manifest's default
    limit: int | None = None  # so many questions, drawn by a fixed seed
    batch_size: int = 32
    precision: Literal["fp32", "bf16"] = "fp32"
    device: Literal["auto", "cpu"] = "auto"
    test: tuple[Path, ...] = ()  # other test data than those of the run's configuration
    test_format: DataFormat = "cqa"


def evaluate_run(run: Path, settings: Settings) -> dict[str, Any]:
    """Evaluate a finished run's student and put the result into its manifest. Raises: InvalidFile."""
    config, folder = load_stored(run / RUN), run / "student"
    if not (folder / STUDENT).exists():
        raise InvalidFile(f"{run}: its training has not finished; go on with train --resume.")
    manifest = read_student(folder)
    examples = choose_examples(config, settings)
    if settings.split == "test":
        refuse_seen(examples, run / TRAINED_ON)
    loaded = load_student(folder, config, manifest)
    result = evaluate(loaded, manifest, examples, settings, run / f"predictions-{settings.split}.jsonl")
    if settings.split == "test":
        set_evaluation(folder, result)
    return result


def evaluate_base(config: TrainingConfig, out: Path, settings: Settings) -> dict[str, Any]:
    """Evaluate the untuned model, asked in the same words. Raises: InvalidFile."""
    examples = choose_examples(config, settings)
    loaded = load_base(config.base)
    manifest = untrained(config, loaded, has_context=examples[0].context is not None)
    out.mkdir(parents=True, exist_ok=True)
    result = evaluate(loaded, manifest, examples, settings, out / f"predictions-{settings.split}.jsonl")
    (out / f"evaluation-{settings.split}.json").write_text(
        json.dumps(result, indent=2) + "\n", encoding="utf-8"
    )
    return result


# Questions


def choose_examples(config: TrainingConfig, settings: Settings) -> list[Example]:
    if settings.split == "held-out":
        examples = [lesson.example for lesson in read_material(config)[1]]
    elif settings.test:
        examples = read_test_set(settings.test, settings.test_format)
    elif config.data.test:
        examples = read_test_set(config.data.test, config.data.test_format)
    else:
        raise InvalidFile("data.test names no file; give --test.")
    if not examples:
        raise InvalidFile("There is no question to evaluate on.")
    if settings.limit is not None and settings.limit < len(examples):
        examples = Random("evaluation").sample(examples, settings.limit)
    return examples


def refuse_seen(examples: Sequence[Example], trained_on: Path) -> None:
    """Refuse to test on questions the student was trained or chosen on. Raises: InvalidFile."""
    seen = set(trained_on.read_text(encoding="utf-8").split())
    if known := [example.id for example in examples if example.fingerprint in seen]:
        raise InvalidFile(
            f"{len(known)} test questions were in the training data ('{known[0]}'); test on others."
        )


def refuse_unasked(way: Way, examples: Sequence[Example]) -> None:
    """Refuse questions of another kind than the student is asked. Raises: InvalidFile."""
    asks_for_premise = bool({"premise", "context"} & way.asks_for)
    if any((example.context is not None) != asks_for_premise for example in examples):
        wanted = "a premise" if asks_for_premise else "no premise"
        raise InvalidFile(f"The student is asked questions with {wanted}; test it on such.")


# The model


def load_student(folder: Path, config: TrainingConfig, manifest: StudentManifest) -> Loaded:
    """The student as it was stored; an adapter on the base its run began with. Raises: InvalidFile."""
    tokenizer = AutoTokenizer.from_pretrained(str(folder), **SAFE)
    if manifest.adapter is not None:
        base = load_base(config.base)
        if base.base.sha256 != manifest.base.sha256:
            raise InvalidFile(f"base: '{config.base.id}' is not the file any more that the adapter is for.")
        model = PeftModel.from_pretrained(base.model, str(folder)).merge_and_unload()
        return Loaded(model, tokenizer, manifest.base)
    place = {"pretrained_model_name_or_path": str(folder)}
    model = load_model(place, is_encoder_decoder=manifest.architecture == "encoder-decoder")
    return Loaded(model, tokenizer, manifest.base)


def prepare(loaded: Loaded, way: Way, settings: Settings) -> Asked:
    on_gpu = settings.device == "auto" and torch.cuda.is_available()
    model = loaded.model.to("cuda" if on_gpu else "cpu", dtype=DTYPES[settings.precision]).eval()
    special = special_tokens(model, loaded.tokenizer)
    return Asked(model, loaded.tokenizer, way, special, settings.batch_size)


# Figures


def evaluate(
    loaded: Loaded, manifest: StudentManifest, examples: Sequence[Example], settings: Settings, texts: Path
) -> dict[str, Any]:
    """Ask everything, write the texts, and return the figures as the manifest holds them."""
    name = settings.way or manifest.ask.default
    if name not in manifest.ask.ways:
        raise InvalidFile(f"There is no way '{name}'; there are {', '.join(manifest.ask.ways)}.")
    way = manifest.ask.ways[name]
    refuse_unasked(way, examples)
    asked = prepare(loaded, way, settings)
    told = ask_all(asked, examples)
    likeliest = likeliest_choices(asked, told)
    write_texts(texts, told, likeliest)
    facts = {"split": settings.split, "n": len(told), "way": name, "precision": settings.precision}
    return {**facts, **figures(told, likeliest)}


def figures(told: Sequence[Told], likeliest: Sequence[Likeliest]) -> dict[str, Any]:
    exact = bootstrap([float(is_right(one.answer, one.example)) for one in told])
    pairs = list(zip(told, likeliest, strict=True))
    by_sum = bootstrap([float(is_right(best.by_sum, one.example)) for one, best in pairs])
    by_mean = bootstrap([float(is_right(best.by_mean, one.example)) for one, best in pairs])
    return {
        **named("accuracy", "ci95", exact),
        **named("accuracy_likelihood", "ci95_likelihood", by_sum),
        **named("accuracy_likelihood_per_token", "ci95_likelihood_per_token", by_mean),
        "chance": round(mean(1 / len(one.example.choices) for one in told), 4),
        "answers_read": round(mean(one.answer is not None for one in told), 4),
        "truncated": round(mean(one.is_truncated for one in told), 4),
        "explanations": rounded(
            describe_explanations([(one.example, one.answer, one.explanation) for one in told])
        ),
    }


def named(value: str, interval: str, estimate: Estimate) -> dict[str, Any]:
    return {value: round(estimate.value, 4), interval: [round(estimate.low, 4), round(estimate.high, 4)]}


def rounded(fields: dict[str, float | int | None]) -> dict[str, float | int | None]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in fields.items()}


def write_texts(path: Path, told: Sequence[Told], likeliest: Sequence[Likeliest]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for one, best in zip(told, likeliest, strict=True):
            fields = {
                "id": one.example.id,
                "question": one.example.question,
                "choices": one.example.choices,
                "answer": one.example.answer,
                "read_answer": one.answer,
                "likeliest": best.by_sum,
                "explanation": one.explanation,
                "outputs": one.outputs,
            }
            stream.write(json.dumps(fields, ensure_ascii=False) + "\n")
