"""Each format on rows of our own that have every oddity of the real files, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.contract.base import InvalidFile
from app.contract.question_formats import PARSERS, Format
from app.contract.question_set import QuestionSet, read_question_set

COMMONSENSEQA: dict[str, Any] = {
    "answerKey": "B",
    "id": "1afa02df02c908a558b4036e80242fac",
    "question": {
        "question_concept": "door",
        "choices": [
            {"label": "A", "text": "bridge"},
            {"label": "B", "text": "bank"},
            {"label": "C", "text": "bridge"},
        ],
        "stem": "Where would you find a “revolving” door? ",
    },
}
ESNLI: dict[str, Any] = {"premise": "A man sleeps.", "hypothesis": "He is awake.", "label": 2}
STRATEGYQA: dict[str, Any] = {
    "qid": "b8677742616fef051f00",
    "term": "Genghis Khan",
    "description": "founder of the Mongol Empire",
    "question": "Are more people today related to him than to Caesar?",
    "answer": True,
    "facts": ["He had many children.", "Caesar had three."],
}


def read(folder: Path, file_format: Format, *rows: dict[str, Any]) -> QuestionSet:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read_question_set(path, file_format)


def test_commonsenseqa_is_read_from_the_official_files(tmp_path: Path) -> None:
    found = read(tmp_path, "commonsenseqa", COMMONSENSEQA)
    [question] = found.questions
    assert question.key == "1afa02df02c908a558b4036e80242fac"
    assert question.question == "Where would you find a “revolving” door? "
    assert question.choices == ("bridge", "bank", "bridge")
    assert (question.answer, question.premise) == ("bank", None)
    assert (found.repeated_choices, found.answer_not_a_choice) == (1, 0)


@pytest.mark.parametrize("label", [1, "neutral"])
def test_esnli_becomes_a_hypothesis_under_its_premise(tmp_path: Path, label: int | str) -> None:
    found = read(tmp_path, "esnli", ESNLI | {"label": label, "pairID": "4705552913.jpg#2r1n", "note": 1})
    [question] = found.questions
    assert (question.key, question.premise, question.question) == (
        "4705552913.jpg#2r1n",
        "A man sleeps.",
        "He is awake.",
    )
    assert question.choices == ("entailment", "neutral", "contradiction")
    assert question.answer == "neutral"
    assert found.unknown_keys == {"note": 1}


def test_pairs_without_an_id_have_the_same_one_in_any_file_and_repeated_ones_are_numbered(
    tmp_path: Path,
) -> None:
    other = ESNLI | {"hypothesis": "He is asleep.", "label": 0}
    first = read(tmp_path, "esnli", ESNLI, other, ESNLI, ESNLI | {"label": 1, "pairID": None}).questions
    again = read(tmp_path, "esnli", other, ESNLI).questions
    assert first[0].key == "esnli-30961fce2deac90c" == again[1].key
    assert first[1].key == again[0].key != first[0].key
    assert [question.key for question in first[2:]] == [f"{first[0].key}-2", f"{first[0].key}-3"]
    assert [question.answer for question in first] == [
        "contradiction",
        "entailment",
        "contradiction",
        "neutral",
    ]


def test_strategyqa_asks_for_yes_or_no_and_counts_what_it_leaves_out(tmp_path: Path) -> None:
    found = read(tmp_path, "strategyqa", STRATEGYQA, STRATEGYQA | {"qid": "q2", "answer": False})
    assert [(question.key, question.choices, question.answer) for question in found.questions] == [
        ("b8677742616fef051f00", ("yes", "no"), "yes"),
        ("q2", ("yes", "no"), "no"),
    ]
    assert found.unknown_keys == {"term": 2, "description": 2, "facts": 2}


def test_a_cqa_row_may_have_a_premise(tmp_path: Path) -> None:
    row = {"id": "q1", "question": "Why?", "choices": ["a", "b"], "answer": "a"}
    found = read(tmp_path, "cqa", row, row | {"id": "q2", "premise": " It rains. "})
    assert [question.premise for question in found.questions] == [None, " It rains. "]
    assert not found.unknown_keys


def asked(**changes: Any) -> dict[str, Any]:
    return COMMONSENSEQA | {"question": COMMONSENSEQA["question"] | changes}


def labelled(*labels: str) -> dict[str, Any]:
    return asked(choices=[{"label": label, "text": "x"} for label in labels])


WITHOUT_KEY = {key: value for key, value in COMMONSENSEQA.items() if key != "answerKey"}
REFUSED: list[tuple[Format, dict[str, Any], str]] = [
    ("commonsenseqa", WITHOUT_KEY, "there is no answerKey, as in the test split, whose answers"),
    ("commonsenseqa", COMMONSENSEQA | {"answerKey": "F"}, "answerKey 'F' is none of the labels"),
    ("commonsenseqa", COMMONSENSEQA | {"answerKey": ""}, "answerKey: expected a text that is not empty"),
    ("commonsenseqa", labelled("B", "B"), r"two choices have the same label \(B, B\)"),
    ("commonsenseqa", labelled("B"), r"question\.choices: needs at least 2"),
    ("commonsenseqa", asked(stem=" "), r"question\.stem: expected a text that is not empty"),
    ("commonsenseqa", asked(choices=["a", "b"]), r"question\.choices\.0: expected keys with values"),
    ("commonsenseqa", COMMONSENSEQA | {"question": "Why?"}, "question: expected keys with values"),
    ("commonsenseqa", COMMONSENSEQA | {"id": None}, "id: expected a text"),
    ("esnli", ESNLI | {"label": -1}, "label.*at least 0"),
    ("esnli", ESNLI | {"label": 3}, "label.*at most 2"),
    ("esnli", ESNLI | {"label": True}, "label"),
    ("esnli", ESNLI | {"label": "-"}, "label.*'entailment', 'neutral' or 'contradiction'"),
    ("esnli", ESNLI | {"premise": ""}, "premise: expected a text that is not empty"),
    ("esnli", ESNLI | {"hypothesis": None}, "hypothesis: expected a text"),
    ("esnli", ESNLI | {"premise": "a\0"}, r"premise: contains U\+0000"),
    ("strategyqa", STRATEGYQA | {"answer": "yes"}, "answer: expected true or false"),
    ("strategyqa", STRATEGYQA | {"answer": 1}, "answer: expected true or false"),
    ("strategyqa", STRATEGYQA | {"qid": ""}, "qid: expected a text that is not empty"),
    ("strategyqa", {"qid": "q1", "question": "Why?"}, "answer: required, but missing"),
    ("strategyqa", COMMONSENSEQA, "qid: required, but missing; question: .*; answer: required, but missing"),
]
GOOD: dict[Format, dict[str, Any]] = {
    "commonsenseqa": COMMONSENSEQA | {"id": "other"},
    "esnli": ESNLI,
    "strategyqa": STRATEGYQA | {"qid": "other"},
}


@pytest.mark.parametrize("file_format,row,complaint", REFUSED)
def test_a_malformed_row_refuses_the_file_with_file_line_and_reason(
    tmp_path: Path, file_format: Format, row: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InvalidFile, match=rf"^rows\.jsonl, line 2: {complaint}"):
        read(tmp_path, file_format, GOOD[file_format], row)


@pytest.mark.parametrize(
    "file_format,row",
    [
        ("commonsenseqa", COMMONSENSEQA),
        ("esnli", ESNLI | {"pairID": "p"}),
        ("strategyqa", STRATEGYQA),
    ],
)
def test_a_repeated_id_refuses_the_file(tmp_path: Path, file_format: Format, row: dict[str, Any]) -> None:
    with pytest.raises(InvalidFile, match=r"line 3: id '.*' stands in line 2 already"):
        read(tmp_path, file_format, GOOD[file_format], row, row)


def test_a_file_of_another_format_is_refused_at_its_first_line(tmp_path: Path) -> None:
    for file_format in PARSERS:
        for other, row in GOOD.items():
            if other != file_format:
                with pytest.raises(InvalidFile, match="line 1: "):
                    read(tmp_path, file_format, row)
