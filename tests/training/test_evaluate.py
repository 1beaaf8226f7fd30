"""Asking in batches, likelihoods, what ends up in the manifest; then the whole way to a student taken in."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from app.checkpoints.intake import take_in
from app.contract.base import InvalidFile
from app.contract.student import Reader, parse_student
from app.settings import Settings as AppSettings
from app.worker.asking import ask
from app.worker.loading import Shelf, load
from app.worker.talk import Posed
from tests.training.tiny import make_base, make_lesson, make_row, make_settings, write_rows
from training import evaluate as stage
from training import likelihood
from training.__main__ import cli
from training.asking import Asked, Told, ask_all
from training.batches import shared_length
from training.checkpoint import set_evaluation
from training.config import BaseConfig
from training.data import Example
from training.methods import find_method
from training.models import load_base
from training.rows import Row, special_tokens
from training.table import make_table, read_rows
from training.toml_writing import dump_toml
from training.train import train
from training.wording import make_wording

PLAIN = make_wording("plain", {"most_answer_tokens": 8, "most_explanation_tokens": 12})
EXAMPLES = [
    Example(str(number), "Where " + "very " * number + "far?", ("bank", "sea"), "sea") for number in range(5)
]


def make_asked(folder: Path, kind: str, method: str, batch_size: int = 2) -> Asked:
    loaded = load_base(BaseConfig(source="path", id="tiny", path=make_base(folder / "base", kind)))
    [way] = list(find_method(method).ways(PLAIN, has_context=False).values())
    special = special_tokens(loaded.model, loaded.tokenizer)
    return Asked(loaded.model.eval(), loaded.tokenizer, way, special, batch_size, is_shown=False)


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_batches_change_neither_texts_nor_scores(tmp_path: Path, kind: str) -> None:
    asked = make_asked(tmp_path, kind, "multitask")
    together = ask_all(asked, EXAMPLES)
    alone = [ask_all(asked, [example])[0] for example in EXAMPLES]
    assert [one.outputs for one in together] == [one.outputs for one in alone]
    rows = [likelihood.choice_rows(asked, one) for one in together]
    single = [[likelihood.score_batch(asked, [[row]])[0][0] for row in several] for several in rows]
    for scores, expected in zip(likelihood.score_all(asked, rows), single, strict=True):
        assert scores == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_choices_score_is_its_log_probability_given_input_and_marker(tmp_path: Path, kind: str) -> None:
    asked = make_asked(tmp_path, kind, "multitask")
    [told] = ask_all(asked, EXAMPLES[:1])
    [[bank, sea]] = likelihood.score_all(asked, [likelihood.choice_rows(asked, told)])
    whole = [log_probability(asked, told, f"The answer is {choice}.") for choice in ("bank", "sea")]
    assert bank - sea == pytest.approx(whole[0] - whole[1], abs=1e-4)


def log_probability(asked: Asked, told: Told, output: str) -> float:
    """The plain way: one row, the library's own mean loss times its tokens."""
    asked_for = told.inputs["answer"]
    target = [*asked.tokenizer(output).input_ids, asked.special.end]
    if asked.special.is_encoder_decoder:
        ids, labels = [asked_for], [target]
    else:
        ids, labels = [[*asked_for, *target]], [[-100] * len(asked_for) + target]
    with torch.no_grad():
        loss = asked.model(input_ids=torch.tensor(ids), labels=torch.tensor(labels)).loss
    return -float(loss) * len(target)


@pytest.mark.parametrize(
    "reader,output,before",
    [
        (Reader(after="The answer is "), "The answer is x. The answer is y.", "The answer is "),
        (Reader(after="The answer is "), "whatever", "The answer is "),
        (Reader(after_last="So it is "), "It flows. So it is x.", "It flows. So it is "),
        (Reader(after_last="So it is "), "It flows. ", "It flows. So it is "),
        (Reader(after_last="So it is "), "", "So it is "),
        (Reader(), "x", ""),
    ],
)
def test_choices_are_scored_after_what_precedes_an_answer(reader: Reader, output: str, before: str) -> None:
    assert likelihood.preceding(reader, output) == before


def test_the_likeliest_choice_is_the_first_of_equals_and_length_counts_only_what_differs() -> None:
    assert shared_length([(1, 2, 3, 4), (1, 2, 5), (1, 2, 3, 6)]) == 2
    assert shared_length([(1, 2), (1, 2)]) == 1
    rows = [likelihood.Scored(Row(0, (), target), 0) for target in ((7, 1), (8, 9, 9, 1))]
    found = likelihood.pick(("short", "long"), rows, [-2.0, -3.0])
    assert (found.by_sum, found.by_mean) == ("short", "long")
    assert likelihood.pick(("a", "b"), rows[:1] * 2, [-1.0, -1.0]).by_sum == "a"


def test_a_student_is_evaluated_on_the_test_set_alone_and_its_manifest_says_so(tmp_path: Path) -> None:
    test = write_rows(tmp_path / "test.jsonl", [make_row(number) for number in range(20, 26)])
    config = make_settings(
        tmp_path, data={"test": [str(test)], "test_format": "teacher"}, wording=PLAIN.model_dump(mode="json")
    )
    folder = train(config, frozenset())
    result = stage.evaluate_run(config.out, stage.Settings(batch_size=4))
    manifest = parse_student((folder / "student.json").read_bytes())
    assert manifest.evaluation is not None
    assert manifest.evaluation.model_dump() == json.loads(json.dumps(result))
    assert (result["split"], result["n"], result["chance"]) == ("test", 6, 0.5)
    lines = (config.out / "predictions-test.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"q{number}" for number in range(20, 26)]
    held_out = stage.evaluate_run(config.out, stage.Settings(split="held-out", way="counterfactual"))
    assert (held_out["n"], held_out["way"]) == (2, "counterfactual")
    again = parse_student((folder / "student.json").read_bytes())
    assert again == manifest  # the held-out tenth is for choices, not for the manifest
    with pytest.raises(InvalidFile, match="were in the training data"):
        stage.evaluate_run(config.out, stage.Settings(test=config.data.train, test_format="teacher"))
    assert "| tiny | combined | unrevised | multitask | 0 | 6 |" in make_table(read_rows([config.out]))
    untuned = stage.evaluate_base(config, tmp_path / "untuned", stage.Settings(limit=3))
    assert untuned["n"] == 3


def test_a_run_over_seeds_has_its_mean_and_standard_error(tmp_path: Path) -> None:
    first = make_settings(tmp_path, out=str(tmp_path / "0"), optimization={"steps": 1})
    second = make_settings(tmp_path, out=str(tmp_path / "1"), optimization={"steps": 1}, seed=1)
    for config, accuracy in ((first, 0.5), (second, 0.7)):
        folder = train(config, frozenset())
        with pytest.raises(InvalidFile, match="not evaluated yet"):
            read_rows([config.out])
        set_evaluation(folder, {"n": 10, "way": "multitask", "accuracy": accuracy, "ci95": [0.1, 0.9]})
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
    (tmp_path / "run.toml").write_text(dump_toml({**fields, "wording": wording}), encoding="utf-8")
    done = CliRunner().invoke(cli, ["train", str(tmp_path / "run.toml"), "--set", "name=from-toml"])
    assert done.exit_code == 0, done.output
    taken = take_in(AppSettings(home=tmp_path / "home"), str(config.out / "student"))
    assert taken.manifest.name == "from-toml"
    assert taken.left_behind == []
    student = load(config.out / "student", taken.manifest, "fp32", Shelf({}, tmp_path / "base"))
    lesson = make_lesson()
    [written] = ask(student, "multitask", [Posed(1, lesson.example.question, lesson.example.choices)])
    mine = stage.load_student(config.out / "student", config, taken.manifest)
    asked = stage.prepare(mine, taken.manifest.ask.ways["multitask"], stage.Settings())
    [told] = ask_all(asked, [lesson.example])
    assert [step["output"] for step in written.record["steps"]] == list(told.outputs.values())
    again = CliRunner().invoke(cli, ["train", str(tmp_path / "run.toml")])
    assert again.exit_code == 1
    assert "holds a finished run" in again.output
