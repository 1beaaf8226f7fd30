"""Every method in every wording: what is written is read back whole, and asked text is training text."""

import pytest
from pydantic import JsonValue

from app.contract.student import Way, as_asked, fill, question_values, read
from app.students.asking import input_tokens
from tests.training.tiny import CHAT, make_lesson
from tests.worker.students import make_tokenizer
from training.data import Example, Lesson
from training.methods import find_method, method_names
from training.rows import encode
from training.wording import PRESETS, Wording, make_wording

PLAIN_QUESTION = Example("q", "Where is {answer}?", ("St. Paul", "sea", "river bank"), "river bank")
PAIR = Example("p", "A cat.", ("entailment", "neutral", "contradiction"), "neutral", "A dog. It barks.")
EXPLANATION = "The answer lies by the water. Neither {question} nor Explanation: is odd here."


def lesson_of(example: Example) -> Lesson:
    return make_lesson(example=example, explanation=EXPLANATION, counterfactuals={"sea": "Fish swim there."})


def asked_with(way: Way, example: Example) -> dict[str, str]:
    """The filled input of each step, the right answer given where a step asks with it."""
    values = question_values(way, example.question, example.choices, example.context)
    return {step.name: fill(step.input, values | {"answer": example.answer}) for step in way.steps}


def task_of(method: str, step: str) -> str:
    return {"both": "standard" if method == "standard" else "factual"}.get(step, step)


def expected(preset: str, method: str, example: Example, output: str) -> str:
    """What must be read; the chat wording's explanations name their answer first."""
    if output == "answer":
        return example.answer
    names_answer = preset == "chat" and method == "multitask"
    return (f"The answer is {example.answer}. " if names_answer else "") + EXPLANATION


@pytest.mark.parametrize("example", [PLAIN_QUESTION, PAIR], ids=["question", "pair"])
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("method", [name for name in method_names() if name != "combined"])
def test_what_a_student_is_taught_to_write_is_read_back_and_asked_in_its_training_words(
    method: str, preset: str, example: Example
) -> None:
    wording, found = make_wording(preset, {}), find_method(method)
    rows = {row.task: row for row in found.collate(lesson_of(example), wording, "unrevised")}
    [way] = found.ways(wording, has_context=example.context is not None).values()
    for step in way.steps:
        row = rows[task_of(method, step.name)]
        assert asked_with(way, example)[step.name] == row.input
        for output, reader in step.read.items():
            assert read(reader, row.target).text == expected(preset, method, example, output)


def test_a_system_message_and_the_read_answer_are_asked_with_as_they_were_trained_with() -> None:
    changes: dict[str, JsonValue] = {
        "system": "Be brief.",
        "explain": "{body} Why {answer}?",
        "chat_template_args": {"kind": "x"},
    }
    wording, tokenizer = make_wording("chat", changes), make_tokenizer()
    tokenizer.chat_template = CHAT + "{{ kind }}"
    way = wording.two_steps(has_context=False)
    [row] = [
        row
        for row in find_method("multitask").collate(lesson_of(PLAIN_QUESTION), wording, "unrevised")
        if row.task == "explanation"
    ]
    trained = encode(row, 1, way, tokenizer).input
    asked = as_asked(way, asked_with(way, PLAIN_QUESTION)["explanation"], tokenizer.apply_chat_template)
    assert list(trained) == input_tokens(tokenizer, way, asked)
    told = tokenizer.decode(trained)
    assert told.startswith("<system>Be brief.</><user>Question: Where is {answer}?")
    assert told.endswith("Why river bank?</><assistant>x")


@pytest.mark.parametrize(
    "changes",
    [
        {"answer_target": "I say {answer}."},
        {"factual_target": "{answer}, for {explanation}"},
        {"standard_target": "The answer is {answer}, for {explanation}"},
        {"explanation_target": "{answer}"},
    ],
)
def test_a_target_that_would_not_be_read_as_what_it_holds_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="would be read as"):
        Wording.model_validate(changes)
