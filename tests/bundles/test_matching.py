from typing import Any

import pytest

from app.bundles.matching import SetAside, match_rows
from app.contract.bundle import BundleRow
from app.models import Question

CHOICES = ["here", "there"]


def make_question(number: int, text: str = "", choices: list[str] = CHOICES) -> Question:
    return Question(
        id=number, key=f"q{number}", text=text or f"Where {number}?", choices=choices, correct_answer="here"
    )


QUESTIONS = [
    make_question(1),
    make_question(2),
    make_question(3, "The same?"),
    make_question(4, "The same?"),
    make_question(5, "The same?", ["here", "elsewhere"]),
]


def make_row(question_id: str | None, **changes: Any) -> BundleRow:
    known = {question.key: question for question in QUESTIONS}
    question = known.get(question_id or "", QUESTIONS[0])
    fields = {
        "question_id": question_id,
        "question": question.text,
        "choices": question.choices,
        "correct_answer": "here",
        "predicted_answer": "there",
        "explanation": "Because.",
    }
    return BundleRow.model_validate(fields | changes)


def test_rows_find_their_questions_by_id_and_without_one_by_exact_text_and_choices() -> None:
    rows = [
        make_row("q2"),
        make_row(None),
        make_row(None, question="The same?", choices=["here", "elsewhere"]),
    ]
    matched, aside = match_rows(enumerate(rows, 1), QUESTIONS)
    assert [(found.line, found.question.key) for found in matched] == [(1, "q2"), (2, "q1"), (3, "q5")]
    assert [found.row for found in matched] == rows
    assert aside == []


ASIDE: dict[str, tuple[BundleRow, str]] = {
    "an unknown id": (make_row("q9"), "question 'q9' is not in the question set"),
    "another question": (make_row("q1", question="Where 1"), "its question differ from the question set's"),
    "trimmed white space": (make_row("q1", question="Where 1? "), "its question differ from the question"),
    "swapped choices": (
        make_row("q1", choices=["there", "here"]),
        "its choices differ from the question set's",
    ),
    "all differ": (
        make_row("q1", question="x", choices=["a", "b", "c"], correct_answer="a"),
        "its question and choices and correct_answer differ from the question set's",
    ),
    "no id, no such text": (
        make_row(None, question="x"),
        "no question_id, and no questions have exactly its text and choices",
    ),
    "no id, other choices": (
        make_row(None, choices=["here", "nowhere"]),
        "no question_id, and no questions have exactly its text and choices",
    ),
    "no id, two such texts": (
        make_row(None, question="The same?"),
        "no question_id, and 2 questions have exactly its text and choices",
    ),
    "no id, another correct answer": (make_row(None, correct_answer="there"), "its correct answer differs"),
}


@pytest.mark.parametrize("kind", ASIDE)
def test_a_row_that_fits_no_single_question_is_set_aside_with_line_and_reason(kind: str) -> None:
    row, reason = ASIDE[kind]
    matched, aside = match_rows([(4, make_row("q2")), (7, row)], QUESTIONS)
    assert [found.question.key for found in matched] == ["q2"]
    assert [one.line for one in aside] == [7]
    assert aside[0].reason.startswith(reason)


def test_the_first_explanation_of_a_question_stays_and_later_ones_are_set_aside() -> None:
    rows = [(1, make_row("q1", question="x")), (2, make_row(None)), (5, make_row("q1")), (6, make_row(None))]
    matched, aside = match_rows(rows, QUESTIONS)
    assert [(found.line, found.question.key) for found in matched] == [(2, "q1")]
    repeated = "question 'q1' has an explanation already, from line 2"
    assert aside[1:] == [SetAside(5, repeated), SetAside(6, repeated)]


def test_a_premise_must_be_the_same_and_tells_equal_hypotheses_apart_where_there_is_no_id() -> None:
    questions = [make_question(number, "He sleeps.") for number in (1, 2, 3)]
    questions[0].premise, questions[1].premise = "It is night.", "It is day."
    rows = [
        make_row(None, question="He sleeps.", premise="It is day."),
        make_row(None, question="He sleeps."),
        make_row(None, question="He sleeps.", premise="It is dark."),
        make_row("q1", question="He sleeps."),
        make_row("q3", question="He sleeps.", premise="It is day."),
        make_row("q1", question="He sleeps.", premise="It is night."),
    ]
    matched, aside = match_rows(enumerate(rows, 1), questions)
    assert [(found.line, found.question.key) for found in matched] == [(1, "q2"), (2, "q3"), (6, "q1")]
    assert aside == [
        SetAside(3, "no question_id, and no questions have exactly its text and choices"),
        SetAside(4, "its premise differ from the question set's"),
        SetAside(5, "its premise differ from the question set's"),
    ]
