import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.contract.base import InvalidFile
from tests.training.teacher.place import (
    CALLS_PER_QUESTION,
    ROOT,
    call,
    generate,
    read_lines,
    rows_of,
    write_config,
    write_questions,
)
from tests.training.teacher.stub_endpoint import (
    Answer,
    Request,
    Stub,
    failure,
    good,
    is_critique,
    running_stub,
)
from training.teacher.config import TeacherConfig, read_config
from training.teacher.endpoint import EndpointError
from training.teacher.prompting import FOLDER


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running_stub() as stub:
        yield stub


# Going on


def test_a_second_run_asks_nothing_that_is_finished(tmp_path: Path, stub: Stub) -> None:
    path = write_config(tmp_path, stub)
    generate(path, limit=1)
    assert sorted(rows_of(tmp_path)) == ["q0"]
    generate(path)
    generate(path)
    assert sorted(rows_of(tmp_path)) == ["q0", "q1", "q2"]
    assert len(stub.requests) == 3 * CALLS_PER_QUESTION
    assert max(Counter(json.dumps(each) for each in stub.requests).values()) == 1


def test_after_kill_9_nothing_finished_is_asked_twice_and_no_row_is_there_twice(
    tmp_path: Path, stub: Stub
) -> None:
    stub.delay_s = 0.02
    path = write_config(tmp_path, stub, count=12, concurrency=3)
    command = [sys.executable, "-m", "training.teacher", str(path)]
    killed = []
    for rows in (2, 5):
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        while process.poll() is None and line_count(tmp_path / "teacher.jsonl") < rows:
            time.sleep(0.01)
        assert process.poll() is None, "it was finished before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed.append(line_count(tmp_path / "teacher.jsonl"))
        for name in ("teacher.jsonl", "teacher.calls.jsonl", "teacher.rejects.jsonl"):
            with (tmp_path / name).open("ab") as stream:
                stream.write(b'{"id": "q3", "half')
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "half-written line" in finished.stderr
    assert sorted(rows_of(tmp_path)) == sorted(f"q{number}" for number in range(12))
    assert killed[0] >= 2
    # Asked twice is at most what was under way when a process was killed.
    repeated = len(stub.requests) - len({json.dumps(each) for each in stub.requests})
    assert repeated <= 2 * 3
    assert len(read_lines(tmp_path / "teacher.calls.jsonl")) == 12 * CALLS_PER_QUESTION


def line_count(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_row_that_was_lost_is_written_again_without_asking(tmp_path: Path, stub: Stub) -> None:
    path = write_config(tmp_path, stub, concurrency=1)
    generate(path)
    out = tmp_path / "teacher.jsonl"
    content = out.read_bytes()
    out.write_bytes(content[:-20])
    generate(path)
    assert out.read_bytes() == content
    assert len(stub.requests) == 3 * CALLS_PER_QUESTION


def test_two_runs_cannot_write_the_same_output(tmp_path: Path, stub: Stub) -> None:
    path = write_config(tmp_path, stub)
    complaints: list[str] = []

    def respond(request: Request) -> Answer:
        if not complaints:
            complaints.append(call(path)[1])
        return good(request)

    stub.respond = respond
    generate(path, limit=1)
    assert "another run is writing it" in complaints[0]


# Changes under way


def test_another_model_or_decoding_under_an_output_is_refused(tmp_path: Path, stub: Stub) -> None:
    generate(write_config(tmp_path, stub), limit=1)
    with pytest.raises(InvalidFile, match="begun with another model"):
        generate(write_config(tmp_path, stub, model="stub-2"))
    path = write_config(tmp_path, stub)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("[decoding]\ntemperature = 0.5\n")
    with pytest.raises(InvalidFile, match="begun with another decoding"):
        generate(path)
    assert len(stub.requests) == CALLS_PER_QUESTION


def test_a_changed_prompt_is_refused_and_when_allowed_each_row_says_which_it_has(
    tmp_path: Path, stub: Stub
) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    for path in FOLDER.iterdir():
        (prompts / path.name).write_bytes(path.read_bytes())
    config = write_config(tmp_path, stub, prompts=str(prompts))
    generate(config, limit=1)
    changed = prompts / "critique.toml"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n# another\n", encoding="utf-8")
    status, said = call(config)
    assert status == 1
    assert "begun with another prompts" in said
    assert call(config, "--allow-changes")[0] == 0
    rows = rows_of(tmp_path)
    hashes = [rows[key]["provenance"]["prompts_sha256"]["critique"] for key in ("q0", "q1", "q2")]
    assert hashes[0] != hashes[1] == hashes[2]


def test_a_half_finished_question_is_asked_anew_by_another_model(tmp_path: Path, stub: Stub) -> None:
    stub.respond = lambda request: failure(401) if is_critique(request) else good(request)
    with pytest.raises(EndpointError):
        generate(write_config(tmp_path, stub, count=1))
    assert len(read_lines(tmp_path / "teacher.calls.jsonl")) == 3
    stub.respond = good
    generate(write_config(tmp_path, stub, count=1, model="stub-2"), is_change_allowed=True)
    asked = Counter(request["model"] for request in stub.requests)
    assert asked == {"stub-1": 4, "stub-2": CALLS_PER_QUESTION}
    assert rows_of(tmp_path)["q0"]["provenance"]["model"] == "stub-2"


# The configuration


@pytest.mark.parametrize(
    "changes,complaint",
    [
        ({"model": None}, "say either base_url and model, or local"),
        ({"local": "model.gguf"}, "say either base_url and model, or local"),
        ({"out": "teacher.csv"}, "out must end in .jsonl"),
        ({"concurrency": 0}, "concurrency"),
        ({"modle": "x"}, "modle: unknown key"),
        ({"format": "squad"}, "format"),
    ],
)
def test_a_configuration_that_is_wrong_is_a_sentence(
    tmp_path: Path, stub: Stub, changes: dict[str, Any], complaint: str
) -> None:
    path = write_config(tmp_path, stub, **changes)
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.endswith("null")]
    path.write_text("\n".join(lines), encoding="utf-8")
    status, said = call(path)
    assert status == 1
    assert said.startswith("Error: teacher.toml:")
    assert complaint in said


def test_a_local_model_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "teacher.toml"
    questions = write_questions(tmp_path, 1)
    path.write_text(f'questions = "{questions}"\nout = "o.jsonl"\nlocal = "none.gguf"\n', encoding="utf-8")
    status, said = call(path)
    assert status == 1
    assert "there is no such model" in said


def test_paths_are_relative_to_the_configuration(tmp_path: Path, stub: Stub) -> None:
    config = read_config(write_config(tmp_path, stub))
    assert isinstance(config, TeacherConfig)
    assert config.out == tmp_path / "teacher.jsonl"
    assert config.prompts == FOLDER
    assert os.fspath(config.questions).startswith(os.fspath(tmp_path))
