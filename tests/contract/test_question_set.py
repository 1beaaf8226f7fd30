import hashlib
import json
import lzma
from pathlib import Path
from typing import Any, cast

import pytest

from app.contract.base import InvalidFile
from app.contract.question_formats import Format
from app.contract.question_set import read_question_set

REAL = Path(__file__).parents[3] / "shared/data/cqa-llama-validation.jsonl.xz"
GOOD: dict[str, Any] = {"id": "q1", "question": "Where?", "choices": ["here", "there"], "answer": "here"}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_cqa_file_is_read_untrimmed_with_its_oddities_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "cqa.jsonl",
        GOOD | {"question": "  Where “exactly”? ", "rationale": "because"},
        GOOD | {"id": "q2", "choices": ["bridge", "bridge"], "answer": "bridge"},
        GOOD | {"id": "q3", "answer": "elsewhere", "rationale": "why not", "note": 1},
    )
    found = read_question_set(path, "cqa")
    assert [question.key for question in found.questions] == ["q1", "q2", "q3"]
    assert found.questions[0].question == "  Where “exactly”? "
    assert found.questions[1].choices == ("bridge", "bridge")
    assert found.answer_not_a_choice == 1
    assert found.unknown_keys == {"rationale": 2, "note": 1}
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_letters_and_spaces_around_make_neither_another_answer_nor_another_choice(tmp_path: Path) -> None:
    path = write(
        tmp_path / "cqa.jsonl",
        GOOD | {"answer": " HERE"},
        GOOD | {"id": "q2", "choices": ["Sea", "sea ", "here"]},
    )
    found = read_question_set(path, "cqa")
    assert (found.answer_not_a_choice, found.repeated_choices) == (0, 1)


def test_a_packed_file_has_the_hash_of_what_lies_there(tmp_path: Path) -> None:
    path = tmp_path / "cqa.jsonl.xz"
    path.write_bytes(lzma.compress(json.dumps(GOOD).encode()))
    found = read_question_set(path, "cqa")
    assert found.questions[0].key == "q1"
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no id": ({"id": None}, "id: expected a text"),
    "an id of white space": ({"id": " \t"}, "id: expected a text that is not empty"),
    "an id too long": ({"id": "q" * 201}, "id: .*200"),
    "an empty question": ({"question": ""}, "question: expected a text that is not empty"),
    "a single choice": ({"choices": ["here"]}, "choices: needs at least 2 entries"),
    "choices in one text": ({"choices": "here, there"}, "choices: expected a list"),
    "an empty choice": ({"choices": ["here", ""]}, r"choices\.1: expected a text that is not empty"),
    "a numeric answer": ({"answer": 1}, "answer: expected a text"),
    "U+0000": ({"question": "a\0b"}, r"question: contains U\+0000"),
    "half a surrogate pair": ({"choices": ["a", "b\ud83d"]}, r"choices\.1: .*half of a surrogate pair"),
    "a repeated id": ({"id": "q0"}, "id 'q0' stands in line 1 already"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_malformed_row_refuses_the_file_with_its_line(tmp_path: Path, kind: str) -> None:
    changes, complaint = REFUSED[kind]
    path = write(tmp_path / "cqa.jsonl", GOOD | {"id": "q0"}, GOOD | changes)
    with pytest.raises(InvalidFile, match=f"^cqa.jsonl, line 2: {complaint}"):
        read_question_set(path, "cqa")


def test_a_whole_surrogate_pair_is_a_character_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "cqa.jsonl"
    path.write_text(json.dumps(GOOD | {"question": "Why 😀?"}), encoding="ascii")
    assert "\\ud83d\\ude00" in path.read_text(encoding="ascii")
    assert read_question_set(path, "cqa").questions[0].question == "Why 😀?"


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
def test_an_empty_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "cqa.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidFile, match=r"cqa\.jsonl: holds no questions"):
        read_question_set(tmp_path / "cqa.jsonl", "cqa")


def test_an_unknown_format_names_the_known_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"'csv' is not known; use --format cqa"):
        read_question_set(write(tmp_path / "cqa.jsonl", GOOD), cast("Format", "csv"))


def test_the_real_validation_questions_are_read_whole() -> None:
    if not REAL.exists():
        pytest.skip("../shared/data is not here")
    found = read_question_set(REAL, "cqa")
    assert len(found.questions) == 1221
    assert found.questions[0].key == "080ef6941410139d6869e78122bc741e"
    assert found.unknown_keys["counterfactual_prompt_answer_1_rationale"] == 1221
