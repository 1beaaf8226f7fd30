"""From a teacher's rows to a student that Honeyglass takes in and asks, by the real command line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from typer.testing import CliRunner

from app.checkpoints.intake import TakenIn, checkpoints_folder, take_in
from app.contract.lesson import TeacherRow
from app.settings import Settings
from app.students import asking
from app.students.decoding import decode
from app.students.loading import Shelf, load
from app.students.told import Posed, Told
from tests.training.tiny import make_base, make_row, write_rows
from training.__main__ import cli
from training.config import load_stored
from training.data import Lesson, read_lessons
from training.models import load_base
from training.train import encode_lesson

ROOT = Path(__file__).parents[2]
SHORT = {"most_answer_tokens": 6, "most_explanation_tokens": 8}
LORA = {"rank": 2, "alpha": 4}


def teacher_row(number: int, **changes: Any) -> dict[str, Any]:
    """A row as the teacher stage writes it."""
    fields = {name: value for name, value in make_row(number).items() if name != "model"} | changes
    return TeacherRow(**fields, critique=None, provenance={"model": "stub"}).model_dump(
        mode="json", by_alias=True
    )


def write_config(place: Path, name: str, **changes: Any) -> Path:
    """A configuration beside the questions and the base model, which are made if they are not there."""
    if not (place / "base").exists():
        make_base(place / "base")
        write_rows(place / "rows.jsonl", [teacher_row(number) for number in range(10)])
        write_rows(place / "test.jsonl", [teacher_row(number) for number in range(20, 26)])
    data = {"train": [str(place / "rows.jsonl")], "test": [str(place / "test.jsonl")]}
    how = {"steps": 2, "batch_size": 2, "evaluate_every": 1, "learning_rate": 3e-3, "device": "cpu"}
    fields = {
        "name": name,
        "out": str(place / name),
        "seed": 0,
        "base": {"source": "path", "id": "tiny", "path": str(place / "base")},
        "data": {"name": "tiny", "held_out": 0.2, "test_format": "teacher", **data},
        "method": {"name": "combined"},
        "optimization": how,
        "wording": {"preset": "plain", **SHORT},
        **changes,
    }
    path = place / f"{name}.toml"
    path.write_text(tomli_w.dumps(fields), encoding="utf-8")
    return path


def call(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    return result.exit_code, " ".join(result.output.split())


def do(*arguments: str | Path) -> str:
    status, said = call(*arguments)
    assert status == 0, said
    return said


def ask_as_worker(
    settings: Settings, taken: TakenIn, base: Path, lessons: list[Lesson], patch: pytest.MonkeyPatch
) -> tuple[list[Told], set[tuple[int, ...]]]:
    """What the student writes in all its ways, and the tokens that the model was given."""
    given: set[tuple[int, ...]] = set()

    def noted(model: Any, inputs: list[list[int]], *how: Any) -> Any:
        given.update(map(tuple, inputs))
        return decode(model, inputs, *how)

    patch.setattr(asking, "decode", noted)
    student = load(checkpoints_folder(settings) / taken.folder, taken.manifest, "fp32", Shelf({}, base))
    examples = [lesson.example for lesson in lessons]
    posed = [Posed(number, one.question, one.choices, one.context) for number, one in enumerate(examples)]
    told = [one for way in taken.manifest.ask.ways for one in asking.ask(student, way, posed)]
    return told, given


def trained_inputs(run: Path, lessons: list[Lesson]) -> set[tuple[int, ...]]:
    """The inputs of the run's training rows, but for those with an explanation that argues for a choice."""
    config = load_stored(run / "run.json")
    loaded = load_base(config.base)
    rows = [row for lesson in lessons for row in encode_lesson(config, loaded, lesson)]
    return {row.input for row in rows if row.task != 3}


@pytest.mark.parametrize("preset,changes", [("plain", {}), ("chat", {"lora": LORA})], ids=["full", "lora"])
def test_a_trained_student_is_taken_in_and_asked_in_the_tokens_it_was_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: str, changes: dict[str, Any]
) -> None:
    place, run = tmp_path / "place", tmp_path / "place" / "tiny"
    place.mkdir()
    do("train", write_config(place, "tiny", **changes, wording={"preset": preset, **SHORT}))
    do("evaluate", run, "--device", "cpu")
    settings = Settings(home=tmp_path / "home")
    taken = take_in(settings, str(run / "student"))  # which compares every file's hash with the manifest
    assert not taken.left_behind
    assert taken.manifest.files.keys() == taken.files.keys() - {"student.json"}
    assert taken.manifest.evaluation is not None
    told = taken.manifest.evaluation.model_dump()
    assert (told["split"], told["n"], told["chance"]) == ("test", 6, 0.5)
    lessons = read_lessons(place / "rows.jsonl", "teacher")
    written, given = ask_as_worker(settings, taken, place / "base", lessons, monkeypatch)
    assert given == trained_inputs(run, lessons)
    assert len(given) == 3 * len(lessons)
    assert len(written) == 2 * len(lessons)


def test_seeds_are_trained_and_evaluated_and_stand_in_one_table(tmp_path: Path) -> None:
    config = write_config(tmp_path, "tiny")
    command = [sys.executable, "-m", "training", "train", str(config), "--set", f"out={tmp_path / 'first'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"The student is in {tmp_path / 'first' / 'student'}." in done.stdout
    do("train", config, "--set", "seed=1", "--set", f"out={tmp_path / 'second'}")
    runs = [tmp_path / "first", tmp_path / "second"]
    assert "not evaluated yet" in call("table", *runs)[1]
    do("evaluate", *runs, "--batch-size", "2")
    told = do("table", *runs)
    assert "| tiny | combined | unrevised | multitask | 0 | 6 |" in told
    assert "| tiny | combined | unrevised | multitask | mean ± SE |" in told
    texts = [json.loads(line) for line in (runs[0] / "predictions-test.jsonl").read_text().splitlines()]
    assert [one["id"] for one in texts] == [f"q{number}" for number in range(20, 26)]


def test_no_question_is_both_trained_on_and_tested(tmp_path: Path) -> None:
    config = write_config(tmp_path, "tiny")
    clean = (tmp_path / "test.jsonl").read_text(encoding="utf-8")
    leak = teacher_row(99, question="WHERE  is 3?")  # question 3 of the training data in other letters
    write_rows(tmp_path / "test.jsonl", [teacher_row(20), leak])
    status, said = call("train", config)
    assert status == 1
    assert "'q3' is in the test set" in said
    assert not (tmp_path / "tiny").exists()
    (tmp_path / "test.jsonl").write_text(clean, encoding="utf-8")
    do("train", config)
    manifest = (tmp_path / "tiny" / "student" / "student.json").read_bytes()
    other = write_rows(tmp_path / "other.jsonl", [teacher_row(20), leak])
    status, said = call("evaluate", tmp_path / "tiny", "--test", other, "--test-format", "teacher")
    assert status == 1
    assert "1 test questions were in the training data ('q99')" in said
    with_premise = write_rows(tmp_path / "premise.jsonl", [teacher_row(20, context="It is cold.")])
    status, said = call("evaluate", tmp_path / "tiny", "--test", with_premise, "--test-format", "teacher")
    assert status == 1
    assert "asked questions with no premise" in said
    assert (tmp_path / "tiny" / "student" / "student.json").read_bytes() == manifest
    assert call("evaluate") == (
        1,
        "Error: Name the folders of finished runs, or a configuration with --base.",
    )


def test_the_untuned_model_and_the_held_out_tenth_can_be_evaluated(tmp_path: Path) -> None:
    config = write_config(tmp_path, "tiny")
    do("evaluate", "--base", config, "--out", tmp_path / "untuned", "--limit", "4")
    told = json.loads((tmp_path / "untuned" / "evaluation-test.json").read_text(encoding="utf-8"))
    assert told["n"] == 4
    do("train", config)
    manifest = (tmp_path / "tiny" / "student" / "student.json").read_bytes()
    assert '"split": "held-out", "n": 2' in do("evaluate", tmp_path / "tiny", "--split", "held-out")
    assert (tmp_path / "tiny" / "student" / "student.json").read_bytes() == manifest
