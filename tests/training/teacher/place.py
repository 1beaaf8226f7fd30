"""A folder with questions and a configuration, whose teacher is a stub on loopback."""

import json
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from tests.training.teacher.stub_endpoint import (
    Stub,
)
from training.teacher import stage
from training.teacher.config import read_config

ROOT = Path(__file__).parents[3]
CHOICES = ["fridge", "oven", "sofa", "sofa"]
CALLS_PER_QUESTION = 1 + 2 + 2  # explanation, two different wrong choices, critique and revision


def write_questions(folder: Path, count: int) -> Path:
    rows = [
        {"id": f"q{number}", "question": f"Where is milk {number}?", "choices": CHOICES, "answer": "fridge"}
        for number in range(count)
    ]
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_config(folder: Path, stub: Stub, count: int = 3, *, retries: int = 2, **changes: Any) -> Path:
    fields = {
        "questions": str(write_questions(folder, count)),
        "out": "teacher.jsonl",
        "base_url": stub.base_url,
        "model": "stub-1",
        "concurrency": 2,
        **changes,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
    tables = "[price]\ninput = 2.0\noutput = 8.0\n[patience]\nfirst_wait_s = 0.001\n"
    tables += f"retries = {retries}\n"
    path = folder / "teacher.toml"
    path.write_text("\n".join(lines) + "\n" + tables, encoding="utf-8")
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def rows_of(folder: Path) -> dict[str, dict[str, Any]]:
    rows = read_lines(folder / "teacher.jsonl")
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows), "a row stands twice"
    return found


def generate(path: Path, *, limit: int | None = None, is_change_allowed: bool = False) -> stage.Run:
    return stage.generate(read_config(path), limit=limit, is_change_allowed=is_change_allowed)


def call(*arguments: str | Path) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(stage.teacher)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, " ".join(result.output.split())
