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
from typing import Literal

from rich.progress import Progress

from app.contract.base import InvalidFile
from app.contract.described import Evaluation, Explanations, Interval
from app.contract.student import STUDENT, StudentManifest, Way
from app.students.asking import ask
from app.students.decoding import Pace
from app.students.loading import Device, Shelf, Student, load, made_ready
from app.students.told import Posed, Told
from training.checkpoint import read_student, set_evaluation, untrained
from training.config import TrainingConfig, load_stored
from training.data import DataFormat, Example
from training.likelihood import Likeliest, Scorer, likeliest_choices
from training.means import Estimate, bootstrap, describe_explanations, is_right
from training.models import base_file, load_base
from training.test_set import read_test_set
from training.train import RUN, TRAINED_ON, read_material

Split = Literal["test", "held-out"]
Answered = tuple[Example, Told, Likeliest]


@dataclass(frozen=True)
class Settings:
    split: Split = "test"
    way: str | None = None  # None: the manifest's default
    limit: int | None = None  # so many questions, drawn by a fixed seed
    batch_size: int = 32
    precision: Literal["fp32", "bf16"] | None = None  # None: the manifest's
    device: Device = "auto"
    test: tuple[Path, ...] = ()  # other test data than those of the run's configuration
    test_format: DataFormat = "cqa"


def evaluate_run(run: Path, settings: Settings) -> Evaluation:
    """Evaluate a finished run's student and put the result into its manifest. Raises: InvalidFile."""
    config, folder = load_stored(run / RUN), run / "student"
    if not (folder / STUDENT).exists():
        raise InvalidFile(f"{run}: its training has not finished; go on with train --resume.")
    manifest = read_student(folder)
    examples = choose_examples(config, settings)
    if settings.split == "test":
        refuse_seen(examples, run / TRAINED_ON)
    student = load_student(folder, config, manifest, settings)
    result = evaluate(student, examples, settings, run / f"predictions-{settings.split}.jsonl")
    if settings.split == "test":
        set_evaluation(folder, result)
    return result


def evaluate_base(config: TrainingConfig, out: Path, settings: Settings) -> Evaluation:
    """Evaluate the untuned model, asked in the same words. Raises: InvalidFile."""
    examples = choose_examples(config, settings)
    loaded = load_base(config.base)
    manifest = untrained(config, loaded, has_context=examples[0].context is not None)
    precision = settings.precision or manifest.generation.precision
    student = made_ready(loaded.model, loaded.tokenizer, manifest, precision, settings.device)
    out.mkdir(parents=True, exist_ok=True)
    result = evaluate(student, examples, settings, out / f"predictions-{settings.split}.jsonl")
    (out / f"evaluation-{settings.split}.json").write_text(
        result.model_dump_json(indent=2) + "\n", encoding="utf-8"
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


def load_student(
    folder: Path, config: TrainingConfig, manifest: StudentManifest, settings: Settings
) -> Student:
    """The student as a study gets it; an adapter on the base its run began with. Raises: InvalidFile."""
    bases = {}
    if manifest.adapter is not None and manifest.base.sha256 is not None:
        bases[manifest.base.sha256] = base_file(config.base, manifest.base.sha256)
    precision = settings.precision or manifest.generation.precision
    return load(folder, manifest, precision, Shelf(bases, None), settings.device)


# Figures


def evaluate(student: Student, examples: Sequence[Example], settings: Settings, texts: Path) -> Evaluation:
    """Ask everything, write the texts, and return the figures as the manifest holds them."""
    known = student.manifest.ask
    name = settings.way or known.default
    if name not in known.ways:
        raise InvalidFile(f"There is no way '{name}'; there are {', '.join(known.ways)}.")
    refuse_unasked(known.ways[name], examples)
    told = ask_all(student, name, examples, settings.batch_size)
    likeliest = likeliest_choices(Scorer(student, known.ways[name], settings.batch_size), examples, told)
    answered = list(zip(examples, told, likeliest, strict=True))
    write_texts(texts, answered)
    return figures(answered).model_copy(
        update={"split": settings.split, "way": name, "precision": student.precision}
    )


def ask_all(student: Student, way: str, examples: Sequence[Example], batch_size: int) -> list[Told]:
    """Ask as a study does, showing how far it is."""
    posed = [Posed(number, one.question, one.choices, one.context) for number, one in enumerate(examples)]
    with Progress() as progress:
        task = progress.add_task("asking", total=len(posed) * len(student.manifest.ask.ways[way].steps))
        pace = Pace(at_once=batch_size, on_written=lambda count: progress.advance(task, count))
        return ask(student, way, posed, pace)


def figures(answered: Sequence[Answered]) -> Evaluation:
    exact = bootstrap([float(is_right(told.answer, example)) for example, told, _ in answered])
    by_sum = bootstrap([float(is_right(best.by_sum, example)) for example, _, best in answered])
    by_mean = bootstrap([float(is_right(best.by_mean, example)) for example, _, best in answered])
    explanations = describe_explanations(
        [(example, told.answer, told.explanation) for example, told, _ in answered]
    )
    return Evaluation(
        n=len(answered),
        accuracy=round(exact.value, 4),
        ci95=interval(exact),
        accuracy_likelihood=round(by_sum.value, 4),
        ci95_likelihood=interval(by_sum),
        accuracy_likelihood_per_token=round(by_mean.value, 4),
        ci95_likelihood_per_token=interval(by_mean),
        chance=round(mean(1 / len(example.choices) for example, _, _ in answered), 4),
        answers_read=round(mean(told.answer is not None for _, told, _ in answered), 4),
        truncated=round(mean(told.is_truncated for _, told, _ in answered), 4),
        explanations=Explanations.model_validate(rounded(explanations)),
    )


def interval(estimate: Estimate) -> Interval:
    return round(estimate.low, 4), round(estimate.high, 4)


def rounded(fields: dict[str, float | int | None]) -> dict[str, float | int | None]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in fields.items()}


def write_texts(path: Path, answered: Sequence[Answered]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for example, told, best in answered:
            fields = {
                "id": example.id,
                "question": example.question,
                "choices": example.choices,
                "answer": example.answer,
                "read_answer": told.answer,
                "likeliest": best.by_sum,
                "explanation": told.explanation,
                "outputs": told.outputs,
            }
            stream.write(json.dumps(fields, ensure_ascii=False) + "\n")
