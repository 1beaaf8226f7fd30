import json
import lzma
from pathlib import Path

import pytest

from app.contract.base import InvalidFile
from tests.training.tiny import make_lesson, make_row, write_rows
from training import data
from training.data import Example
from training.test_set import fingerprints

REAL = Path(__file__).parents[3] / "shared" / "data"


def test_our_own_rows_are_read_and_what_was_not_said_is_an_empty_text(tmp_path: Path) -> None:
    rows = [make_row(0), make_row(1, revised_explanation=None, counterfactuals={})]
    first, second = data.read_lessons(write_rows(tmp_path / "rows.jsonl", rows), "teacher")
    assert first.example == Example("q0", "Where is 0?", ("jar", "sea"), "jar")
    assert first.explained("unrevised") == "It is in the jar."
    assert first.explained("revised") == "Surely in the jar."
    assert first.counterfactuals == {"sea": "Maybe the sea."}
    assert not second.explained("revised")
    assert second.counterfactuals == {"oven": ""}


def test_a_counterfactual_for_no_choice_and_an_id_that_comes_twice_are_refused(tmp_path: Path) -> None:
    stranger = write_rows(tmp_path / "one.jsonl", [make_row(0, counterfactuals={"moon": "No."})])
    with pytest.raises(InvalidFile, match="'moon' is no choice"):
        data.read_lessons(stranger, "teacher")
    twice = write_rows(tmp_path / "two.jsonl", [make_row(0), make_row(0)])
    with pytest.raises(InvalidFile, match="stands in line 1 already"):
        data.read_lessons(twice, "teacher")


def test_a_counterfactual_belongs_to_its_choice_however_that_is_written(tmp_path: Path) -> None:
    choices = ["Jar", "Sea", "sea ", "JAR"]
    row = make_row(0, choices=choices, answer="jar", counterfactuals={" SEA": "Fish swim there."})
    [lesson] = data.read_lessons(write_rows(tmp_path / "rows.jsonl", [row]), "teacher")
    assert lesson.example.wrong_choices == ("Sea",)
    assert lesson.counterfactuals == {"Sea": "Fish swim there."}


def test_a_consolidated_file_gives_each_wrong_choice_the_explanation_of_its_number(tmp_path: Path) -> None:
    row = {
        "id": "a",
        "question": "Where?",
        "choices": ["bridge", "bridge", "sea"],
        "answer": "sea",
        "few_shot_positive_rationale": "\n One. Two.\n\nQuestion: another?",
        "few_shot_revision": "",
        "counterfactual_prompt_answer_1_rationale": "First bridge. And then it was c",
        "counterfactual_prompt_answer_2_rationale": "Second bridge.",
        "counterfactual_prompt_answer_3_rationale": "The sea.",
    }
    path = tmp_path / "rows.jsonl.xz"
    path.write_bytes(lzma.compress(json.dumps(row).encode()))
    [lesson] = data.read_lessons(path, "cqa")
    assert lesson.explanation == "One. Two."
    assert not lesson.revised_explanation
    assert lesson.counterfactuals == {"bridge": "First bridge."}


def test_esnli_and_strategyqa_become_the_same_example(tmp_path: Path) -> None:
    pair = {"premise": "A dog.", "hypothesis": "A cat.", "label": 2, "few_shot_positive_rationale": "No."}
    [lesson] = data.read_lessons(write_rows(tmp_path / "e.jsonl", [pair]), "esnli")
    assert (lesson.example.context, lesson.example.question) == ("A dog.", "A cat.")
    assert lesson.example.wrong_choices == ("entailment", "neutral")
    row = {"qid": "s", "question": "Is it?", "answer": False}
    [lesson] = data.read_lessons(write_rows(tmp_path / "s.jsonl", [row]), "strategyqa")
    assert (lesson.example.choices, lesson.example.answer) == (("yes", "no"), "no")


@pytest.mark.parametrize(
    "text,kept",
    [
        ("  One.\nTwo (really).  ", "One. Two (really)."),
        ("It is so.\n\nNext.", "It is so."),
        ("It is so.\nQuestion: Which?", "It is so."),
        ("Said “so.” Then it was cut", "Said “so.”"),
        ("without any end", "without any end"),
        ("About 3.5 apples.", "About 3.5 apples."),
        ("", ""),
    ],
)
def test_texts_are_one_paragraph_up_to_a_full_sentence(text: str, kept: str) -> None:
    assert data.clean(text) == kept


def test_a_text_is_shortened_by_whole_sentences_but_never_to_nothing() -> None:
    assert data.shortened("One two. Three four. Five.", 4) == "One two. Three four."
    assert data.shortened("One two three. Four.", 2) == "One two three."


def test_the_split_is_by_question_seeded_and_blind_to_the_order_of_rows() -> None:
    lessons = [
        make_lesson(example=Example(f"{copy}{number}", f"Where  is {number}?".upper(), ("a", "b"), "a"))
        for number in range(50)
        for copy in ("x", "y")
    ]
    train, held_out = data.hold_out(lessons, 0.1, seed=1)
    assert len(held_out) == 10
    assert len(train) == 90
    assert not {one.example.question for one in train} & {one.example.question for one in held_out}
    _, again = data.hold_out(lessons[::-1], 0.1, seed=1)
    assert {one.example.id for one in again} == {one.example.id for one in held_out}
    _, other = data.hold_out(lessons, 0.1, seed=2)
    assert {one.example.id for one in other} != {one.example.id for one in held_out}


def test_a_test_question_in_the_training_data_is_refused_by_id_and_by_words(tmp_path: Path) -> None:
    tested = fingerprints([write_rows(tmp_path / "test.jsonl", [make_row(3)])], "teacher")
    same_id, same_words = [make_row(3, question="Other?")], [make_row(9, question=" WHERE is  3? ")]
    for rows in (same_id, same_words):
        lessons = data.read_lessons(write_rows(tmp_path / "rows.jsonl", rows), "teacher")
        with pytest.raises(InvalidFile, match="is in the test set"):
            data.refuse_overlap(lessons, tested)
    data.refuse_overlap(data.read_lessons(write_rows(tmp_path / "r.jsonl", [make_row(4)]), "teacher"), tested)


@pytest.mark.skipif(not REAL.is_dir(), reason="the published data are not here")
@pytest.mark.parametrize(
    "name,data_format,count",
    [
        ("cqa-qwen-validation", "cqa", 1221),
        ("esnli-llama-test-shard0", "esnli", 983),
        ("strategyqa-llama-test", "strategyqa", 687),
    ],
)
def test_the_published_files_load_as_they_are(name: str, data_format: data.DataFormat, count: int) -> None:
    lessons = data.read_lessons(REAL / f"{name}.jsonl.xz", data_format)
    assert len(lessons) == count
    assert all(lesson.explanation and lesson.revised_explanation for lesson in lessons)
    assert not any("Question:" in lesson.explanation for lesson in lessons)
