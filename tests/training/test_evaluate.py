"""An evaluated student is the one that a study gets; what its manifest says; the way to one taken in."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from typer.testing import CliRunner

from app.checkpoints.intake import take_in
from app.contract.base import InvalidFile
from app.contract.described import Evaluation
from app.contract.student import parse_student
from app.settings import Settings as AppSettings
from app.students.told import Posed
from app.worker.child import serve
from app.worker.talk import Ask, Load, Reply
from tests.training.tiny import make_row, make_settings, write_rows
from training import evaluate as stage
from training.__main__ import cli
from training.checkpoint import set_evaluation
from training.table import make_table, read_rows
from training.train import train
from training.wording import make_wording

PLAIN = make_wording("plain", {"most_answer_tokens": 8, "most_explanation_tokens": 12})


def test_a_student_is_evaluated_on_the_test_set_alone_and_its_manifest_says_so(tmp_path: Path) -> None:
    test = write_rows(tmp_path / "test.jsonl", [make_row(number) for number in range(20, 26)])
    config = make_settings(
        tmp_path, data={"test": [str(test)], "test_format": "teacher"}, wording=PLAIN.model_dump(mode="json")
    )
    folder = train(config, frozenset())
    result = stage.evaluate_run(config.out, stage.Settings(batch_size=4))
    manifest = parse_student((folder / "student.json").read_bytes())
    assert manifest.evaluation == result
    assert (result.split, result.n, result.chance) == ("test", 6, 0.5)
    lines = (config.out / "predictions-test.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"q{number}" for number in range(20, 26)]
    held_out = stage.evaluate_run(config.out, stage.Settings(split="held-out", way="counterfactual"))
    assert (held_out.n, held_out.way) == (2, "counterfactual")
    again = parse_student((folder / "student.json").read_bytes())
    assert again == manifest  # the held-out tenth is for choices, not for the manifest
    with pytest.raises(InvalidFile, match="were in the training data"):
        stage.evaluate_run(config.out, stage.Settings(test=config.data.train, test_format="teacher"))
    assert "| tiny | combined | unrevised | multitask | 0 | 6 |" in make_table(read_rows([config.out]))
    untuned = stage.evaluate_base(config, tmp_path / "untuned", stage.Settings(limit=3))
    assert untuned.n == 3


def test_a_run_over_seeds_has_its_mean_and_standard_error(tmp_path: Path) -> None:
    first = make_settings(tmp_path, out=str(tmp_path / "0"), optimization={"steps": 1})
    second = make_settings(tmp_path, out=str(tmp_path / "1"), optimization={"steps": 1}, seed=1)
    for config, accuracy in ((first, 0.5), (second, 0.7)):
        folder = train(config, frozenset())
        with pytest.raises(InvalidFile, match="not evaluated yet"):
            read_rows([config.out])
        set_evaluation(folder, Evaluation(n=10, way="multitask", accuracy=accuracy, ci95=(0.1, 0.9)))
    lines = make_table(read_rows([first.out, second.out])).splitlines()
    assert "| 0.5000 (0.100 to 0.900) |" in lines[2]
    assert "| mean ± SE |  | 0.6000 ± 0.1000 |" in lines[4]


@pytest.mark.parametrize("lora", [None, {"rank": 2, "alpha": 4}])
def test_from_a_few_teacher_rows_to_a_student_the_application_takes_in_and_asks(
    tmp_path: Path, lora: dict[str, int] | None
) -> None:
    wording = {"preset": "chat", "most_answer_tokens": 8, "most_explanation_tokens": 12}
    config = make_settings(tmp_path, lora=lora, wording=wording)
    fields: dict[str, Any] = config.model_dump(mode="json", exclude_none=True)
    (tmp_path / "run.toml").write_text(tomli_w.dumps({**fields, "wording": wording}), encoding="utf-8")
    done = CliRunner().invoke(cli, ["train", str(tmp_path / "run.toml"), "--set", "name=from-toml"])
    assert done.exit_code == 0, done.output
    taken = take_in(AppSettings(home=tmp_path / "home"), str(config.out / "student"))
    assert taken.manifest.name == "from-toml"
    assert taken.left_behind == []
    again = CliRunner().invoke(cli, ["train", str(tmp_path / "run.toml")])
    assert again.exit_code == 1
    assert "holds a finished run" in again.output


PENALTY = 5.0


@pytest.mark.parametrize("lora", [None, {"rank": 2, "alpha": 4}], ids=["full", "lora"])
@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_student_writes_for_an_evaluation_what_it_writes_for_a_study_whatever_its_base_was_decoded_with(
    tmp_path: Path, kind: str, lora: dict[str, int] | None
) -> None:
    test = write_rows(tmp_path / "test.jsonl", [make_row(number) for number in range(20, 30)])
    config = make_settings(
        tmp_path,
        kind=kind,
        lora=lora,
        data={"test": [str(test)], "test_format": "teacher"},
        wording=PLAIN.model_dump(mode="json"),
    )
    decoded_with = tmp_path / "base" / "generation_config.json"
    fields = json.loads(decoded_with.read_bytes()) | {"repetition_penalty": PENALTY}
    decoded_with.write_text(json.dumps(fields), encoding="utf-8")
    student = train(config, frozenset())
    stage.evaluate_run(config.out, stage.Settings())
    lines = (config.out / "predictions-test.jsonl").read_text(encoding="utf-8").splitlines()
    evaluated = [list(json.loads(line)["outputs"].values()) for line in lines]
    assert evaluated == ask_as_worker(student, tmp_path / "base", [make_row(one) for one in range(20, 30)])
    assert any(has_repetition(text) for texts in evaluated for text in texts)


def ask_as_worker(student: Path, root: Path, rows: list[dict[str, Any]]) -> list[list[str]]:
    """What the worker's own process for a student says when it is asked by lines."""
    manifest = parse_student((student / "student.json").read_bytes())
    load = Load.model_validate(
        {
            "folder": student,
            "manifest": manifest.model_dump(mode="json"),
            "precision": manifest.generation.precision,
            "by_sha256": {},
            "root": root,
            "threads": 1,
        }
    )
    posed = [Posed(number, row["question"], row["choices"]) for number, row in enumerate(rows)]
    lines = [load, Ask(way=manifest.ask.default, questions=tuple(posed))]
    requests = BytesIO(b"".join(line.model_dump_json().encode() + b"\n" for line in lines))
    replies = BytesIO()
    serve(requests, replies)
    reply = Reply.model_validate_json(replies.getvalue().splitlines()[1])
    return [list(one.outputs.values()) for one in reply.told]


def has_repetition(text: str) -> bool:
    """As greedy writing of a tiny model has it, and the penalty forbids."""
    return len(set(text)) < len(text)
