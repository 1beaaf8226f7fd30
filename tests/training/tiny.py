"""Teacher rows and configurations for tests: single bytes, tiny random models, a few questions."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.contract.student import Ask, StudentManifest, Way
from app.students.loading import Student, made_ready
from tests.students.plainly import widen
from tests.worker.students import make_llama, make_t5, make_tokenizer
from training.config import BaseConfig, TrainingConfig, make_config
from training.data import Example, Lesson
from training.models import load_base

CHAT = (
    "{% for message in messages %}<{{ message.role }}>{{ message.content }}</>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
PLACES = ("jar", "sea", "oven", "sky", "nest", "bank", "barn", "bed", "lake", "pond")


def make_row(number: int, **changes: Any) -> dict[str, Any]:
    right, wrong = PLACES[number % 10], PLACES[(number + 1) % 10]
    fields = {
        "id": f"q{number}",
        "question": f"Where is {number}?",
        "choices": [right, wrong],
        "answer": right,
        "context": None,
        "explanation": f"It is in the {right}.",
        "revised_explanation": f"Surely in the {right}.",
        "counterfactuals": {wrong: f"Maybe the {wrong}."},
        "model": "a teacher's name, which is ignored here",
    }
    return fields | changes


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def make_lesson(**changes: Any) -> Lesson:
    example = Example("q", "Where?", ("bank", "sea", "bank"), "bank")
    fields: dict[str, Any] = {
        "example": example,
        "explanation": "Money lies there.",
        "revised_explanation": "Money is kept there.",
        "counterfactuals": {"sea": "Fish swim there."},
    }
    return Lesson(**(fields | changes))


def make_base(folder: Path, kind: str = "llama") -> Path:
    made = make_llama(folder) if kind == "llama" else make_t5(folder)
    tokenizer = make_tokenizer()
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(made)
    (made / "student.json").unlink()
    return made


def make_student(folder: Path, kind: str, ways: Mapping[str, Way]) -> Student:
    """A student whose texts differ from input to input, asked in the first of the ways."""
    loaded = load_base(BaseConfig(source="path", id="tiny", path=make_base(folder / kind, kind)))
    manifest = StudentManifest(
        schema_version=1,
        name="tiny",
        architecture=loaded.architecture,
        base=loaded.base,
        ask=Ask(default=next(iter(ways)), ways=dict(ways)),
    )
    widen(loaded.model)
    return made_ready(loaded.model, loaded.tokenizer, manifest, "fp32", "cpu")


def make_settings(folder: Path, **changes: Any) -> TrainingConfig:
    """A configuration of a run in `folder`, whose rows and base are made if they are not there."""
    base = folder / "base"
    kind = changes.pop("kind", "llama")
    if not base.exists():
        make_base(base, kind)
    rows = folder / "rows.jsonl"
    if not rows.exists():
        write_rows(rows, [make_row(number) for number in range(10)])
    fields: dict[str, Any] = {
        "name": "tiny",
        "out": str(folder / "run"),
        "seed": 0,
        "base": {"source": "path", "id": "tiny", "path": str(base)},
        "data": {"name": "tiny", "train": [str(rows)], "held_out": 0.2},
        "method": {"name": "combined"},
        "optimization": {
            "steps": 4,
            "batch_size": 2,
            "accumulation": 2,
            "learning_rate": 3e-3,
            "evaluate_every": 2,
            "patience": None,
            "device": "cpu",
            "precision": "fp32",  # whatever the machine could do: tests compare weights
        },
        "store": "fp32",
    }
    for key, value in changes.items():
        fields[key] = {**fields[key], **value} if isinstance(fields.get(key), dict) else value
    return make_config(fields)
