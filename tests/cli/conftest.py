"""The command line in the test's own process, with a home of its own."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.studies.definition import write_definition
from tests.factories import make_definition


@dataclass
class Answer:
    """What a command said; `complaint` without the line that names the home."""

    status: int
    out: str
    complaint: str
    home: str

    @property
    def json(self) -> dict[str, Any]:
        """What --json printed: exactly one line, and an object."""
        assert self.out.count("\n") == 1, self.out
        assert self.out.endswith("\n")
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


Honeyglass = Callable[..., Answer]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Honeyglass:
    """Run a command where nothing has been set up yet."""
    monkeypatch.setenv("HONEYGLASS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HONEYGLASS_DATABASE_URL", raising=False)

    def run(*arguments: str | Path) -> Answer:
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        home = "".join(re.findall(r"^Home: .*\n", result.stderr, re.MULTILINE))
        return Answer(result.exit_code, result.stdout, result.stderr.replace(home, "", 1), home)

    return run


@pytest.fixture
def honeyglass(bare: Honeyglass, tmp_path: Path, sqlite_template: Path) -> Honeyglass:
    """Run a command on an empty, migrated database."""
    (tmp_path / "home").mkdir()
    shutil.copy(sqlite_template, tmp_path / "home/honeyglass.db")
    return bare


def write_questions(folder: Path, count: int = 8) -> Path:
    rows = [
        {"id": f"q{number}", "question": f"Why {number}?", "choices": ["yes", "no"], "answer": "yes"}
        for number in range(1, count + 1)
    ]
    return write_lines(folder / "questions.jsonl", rows)


def write_rows(folder: Path, name: str = "rows.jsonl", count: int = 8, **changes: Any) -> Path:
    """What a student said of the questions; `changes` to the last row."""
    rows: list[dict[str, Any]] = [
        {
            "question_id": f"q{number}",
            "question": f"Why {number}?",
            "choices": ["yes", "no"],
            "correct_answer": "yes",
            "predicted_answer": "no",
            "explanation": "So it is.",
        }
        for number in range(1, count + 1)
    ]
    rows[-1] |= changes
    return write_lines(folder / name, rows)


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_study(folder: Path, **changes: Any) -> Path:
    path = folder / "study.yaml"
    path.write_text(write_definition(make_definition(**changes)), encoding="utf-8")
    return path


@pytest.fixture
def launched(honeyglass: Honeyglass, tmp_path: Path) -> Honeyglass:
    """The small study, brought in and launched by commands."""
    commands: list[tuple[str | Path, ...]] = [
        ("questions", "import", write_questions(tmp_path), "--name", "set"),
        ("bundle", "import", write_rows(tmp_path), "--name", "bundle-one"),
        ("bundle", "import", tmp_path / "rows.jsonl", "--name", "bundle-two"),
        ("study", "create", write_study(tmp_path)),
        ("study", "launch", "small"),
    ]
    for command in commands:
        answer = honeyglass(*command)
        assert answer.status == 0, answer
    return honeyglass
