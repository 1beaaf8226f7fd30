"""A file is read by a process of its own: whatever becomes of that, its sender is told."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.audit import Actor
from app.errors import Conflict, Invalid
from app.settings import Settings
from app.web import apart
from app.web.apart import Work, bring_in, limit_s
from tests.cli.conftest import write_questions

Saying = Callable[[str], None]


@pytest.fixture
def saying(monkeypatch: pytest.MonkeyPatch) -> Saying:
    """Has another program run in the importing process's place."""

    def run(program: str) -> None:
        monkeypatch.setattr(apart, "COMMAND", [sys.executable, "-c", program])

    return run


def work(settings: Settings, path: Path, **changes: object) -> Work:
    fields = {
        "kind": "questions",
        "path": path,
        "fields": {"name": "set", "format": "cqa"},
        "actor": Actor("ada"),
        "settings": settings,
        "limit_s": 60,
        "most_bytes": 2**30,
    }
    return Work.model_validate(fields | changes)


def test_what_takes_too_long_is_stopped(settings: Settings, tmp_path: Path, saying: Saying) -> None:
    saying("import time; time.sleep(600)")
    with pytest.raises(Invalid, match=r"q\.jsonl: took more than 1 seconds to read, so it was stopped"):
        bring_in(work(settings, tmp_path / "q.jsonl", limit_s=1))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # it is read before a database is asked
def test_what_takes_too_much_memory_is_refused(settings: Settings, tmp_path: Path) -> None:
    path = write_questions(tmp_path)
    path.write_text(path.read_text() + '{"a": [' + "[]," * 1_300_000 + "[]]}\n")
    with pytest.raises(Invalid, match="needs more memory to read than this server gives to one file"):
        bring_in(work(settings, path, most_bytes=150 * 2**20))
    assert bring_in(work(settings, write_questions(tmp_path)))["name"] == "set"


def test_a_process_that_is_killed_refuses_the_file(
    settings: Settings, tmp_path: Path, saying: Saying
) -> None:
    saying("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(Invalid, match="could not be read within the time and the memory"):
        bring_in(work(settings, tmp_path / "q.jsonl"))


def test_a_mistake_of_ours_is_an_error_whose_trace_is_in_the_log(
    settings: Settings, tmp_path: Path, saying: Saying, caplog: pytest.LogCaptureFixture
) -> None:
    saying("raise KeyError('a mistake')")
    with caplog.at_level(logging.ERROR), pytest.raises(RuntimeError, match="its trace is in the log"):
        bring_in(work(settings, tmp_path / "q.jsonl"))
    assert "KeyError: 'a mistake'" in caplog.text


def test_two_of_one_name_at_once_are_one_and_a_conflict(settings: Settings, tmp_path: Path) -> None:
    assert bring_in(work(settings, write_questions(tmp_path)))["name"] == "set"
    with pytest.raises(Conflict, match="There is a question set named 'set' already"):
        bring_in(work(settings, write_questions(tmp_path)))


def test_the_time_for_a_file_grows_with_its_size() -> None:
    assert limit_s(0) == 60
    assert limit_s(8 * 2**30) > 1_500
