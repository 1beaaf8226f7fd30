import json
from pathlib import Path
from typing import Any

import pytest

from app.contract.base import InvalidFile
from app.contract.student import Reader, Reading, Way, fill, json_schema, list_choices, parse_student, read

ROOT = Path(__file__).parents[2]


def make_fields(**step: Any) -> dict[str, Any]:
    asked = {
        "name": "both",
        "input": "{question}",
        "max_new_tokens": 9,
        "read": {"answer": {}, "explanation": {}},
    }
    return {
        "schema_version": 1,
        "name": "tiny",
        "architecture": "decoder-only",
        "base": {"source": "hub", "id": "a/b"},
        "ask": {"default": "one", "ways": {"one": {"steps": [asked | step]}}},
    }


def test_the_schema_in_the_docs_is_up_to_date() -> None:
    assert (ROOT / "docs" / "student.schema.json").read_text(encoding="utf-8") == json_schema()


def test_the_shared_example_is_a_manifest() -> None:
    path = ROOT.parent / "shared" / "student.example.json"
    if not path.exists():
        pytest.skip("the example is not beside this repository")
    fields = json.loads(path.read_text(encoding="utf-8")) | {"files": {}}
    assert set(parse_student(json.dumps(fields).encode()).ask.ways) == {"multitask", "counterfactual"}


@pytest.mark.parametrize(
    "changes,said",
    [
        ({"input": "{answer}"}, "which no step before it reads"),
        ({"input": "{secret}"}, "{secret} is no placeholder"),
        ({"read": {"answer": {}}}, "no step reads explanation"),
        ({"read": {"answer": {"after": "a", "after_last": "b"}, "explanation": {}}}, "not both"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_manifest_that_cannot_be_asked_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidFile, match=said):
        parse_student(json.dumps(make_fields(**changes)).encode())


def test_a_later_version_says_to_upgrade() -> None:
    with pytest.raises(InvalidFile, match="written as version 2"):
        parse_student(json.dumps(make_fields() | {"schema_version": 2}).encode())


def test_values_are_filled_in_literally_and_once() -> None:
    assert fill("{question} {choices}", {"question": "{choices}", "choices": "{0}"}) == "{choices} {0}"
    way = Way.model_validate(make_fields()["ask"]["ways"]["one"])
    assert list_choices(way, ["yes", "no"]) == "(A) yes (B) no"


def test_readers_cut_at_literal_markers_and_say_what_is_missing() -> None:
    said = "Answer: it rains. So the answer is (a) . So the answer is wet."
    assert read(Reader(after="Answer: ", before="So the", strip=" "), said) == Reading("it rains.")
    assert read(Reader(after_last="So the answer is ", strip=" ."), said) == Reading("wet")
    assert read(Reader(after="nowhere"), said) == Reading(None, "nowhere")
    assert read(Reader(first_paragraph=True), "\none\n \ntwo") == Reading("one")
