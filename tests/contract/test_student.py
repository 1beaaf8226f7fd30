import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.contract.base import InvalidFile
from app.contract.student import (
    Reader,
    Reading,
    Way,
    as_asked,
    fill,
    json_schema,
    letter,
    list_choices,
    parse_student,
    question_values,
    read,
    read_student,
    write_student,
)

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
        ({"read": {"answer": {"before": ""}, "explanation": {}}}, "a marker cannot be empty"),
        ({"max_new_tokens": 0}, "must be at least 1"),
        ({"max_new_tokens": 4097}, "must be at most 4096"),
        ({"input": ""}, "must not be empty"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_manifest_that_cannot_be_asked_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidFile, match=said):
        parse_student(json.dumps(make_fields(**changes)).encode())


@pytest.mark.parametrize(
    "way,said",
    [
        ({"system": "Be brief."}, "'system' needs format: chat"),
        (
            {"choice_style": "{question}"},
            "{question} is no placeholder; there are {letter}, {number}, {text}",
        ),
        ({"stop": [""]}, "must not be empty"),
        ({"steps": []}, "needs at least 1"),
    ],
)
def test_a_way_that_cannot_be_gone_is_refused(way: dict[str, Any], said: str) -> None:
    fields = make_fields()
    fields["ask"]["ways"]["one"] |= way
    with pytest.raises(InvalidFile, match=said):
        parse_student(json.dumps(fields).encode())


@pytest.mark.parametrize("name", ["question", "choices", "premise", "hypothesis", "context", "term"])
def test_an_input_may_ask_for_each_of_these(name: str) -> None:
    fields = make_fields(input=f"Given {{{name}}}:")
    assert parse_student(json.dumps(fields).encode()).ask.ways["one"].asks_for == {name}


def two_steps(first: dict[str, Any], second: dict[str, Any]) -> Way:
    steps = [
        {"name": name, "input": "{question} {premise}", "max_new_tokens": 4096} | changes
        for name, changes in (("first", first), ("second", second))
    ]
    return Way.model_validate({"steps": steps})


def test_a_later_step_may_ask_for_the_answer_and_nothing_is_read_twice() -> None:
    answer: dict[str, Any] = {"read": {"answer": {}}}
    explanation: dict[str, Any] = {"read": {"explanation": {}}}
    way = two_steps(answer, explanation | {"input": "{question} {choices} {answer} {term}{other_Word}"})
    assert way.asks_for == {"question", "premise", "choices", "term"}
    with pytest.raises(ValidationError, match="reads what a step before it has read"):
        two_steps(answer, {"read": {"answer": {}, "explanation": {}}})
    with pytest.raises(ValidationError, match=r"step 'first' asks for \{answer\}"):
        two_steps(answer | {"input": "{answer}"}, explanation)


def test_the_default_way_is_one_of_the_ways() -> None:
    fields = make_fields()
    fields["ask"]["default"] = "other"
    with pytest.raises(InvalidFile, match="there is no way 'other'; ways: one"):
        parse_student(json.dumps(fields).encode())


def test_a_manifest_has_a_mebibyte_at_most(tmp_path: Path) -> None:
    content = json.dumps(make_fields()).encode().ljust(1024 * 1024)
    assert parse_student(content).name == "tiny"
    with pytest.raises(InvalidFile, match="larger than 1 MiB"):
        parse_student(content + b" ")
    (tmp_path / "student.json").write_bytes(content + b" " * 9)
    with pytest.raises(InvalidFile, match=r"student\.json: larger than 1 MiB"):
        read_student(tmp_path / "student.json")


def test_a_manifest_is_read_as_it_was_written_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    manifest = parse_student(json.dumps(make_fields() | {"method": {"kind": "mine", "alpha": 1}}).encode())
    write_student(tmp_path, manifest)
    assert read_student(tmp_path / "student.json") == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["student.json"]


def test_letters_go_on_after_z() -> None:
    assert [letter(index) for index in (0, 25, 26, 51, 52)] == ["A", "Z", "AA", "AZ", "BA"]


def test_choices_and_premise_are_filled_in_as_the_way_says() -> None:
    fields = make_fields()["ask"]["ways"]["one"] | {
        "choice_style": "{number}. {text}",
        "choice_separator": "; ",
    }
    way = Way.model_validate(fields)
    values = question_values(way, "Why?", ["yes", "no"], None)
    assert values == {"question": "Why?", "hypothesis": "Why?", "choices": "1. yes; 2. no"}
    assert (
        question_values(way, "Why?", ["yes"], "So.").items() >= {"premise": "So.", "context": "So."}.items()
    )


def test_a_chat_gets_the_tokenizers_own_template_and_plain_text_none() -> None:
    def template(messages: list[dict[str, str]], **settings: object) -> tuple[object, object]:
        return messages, settings

    fields = make_fields()["ask"]["ways"]["one"]
    assert as_asked(Way.model_validate(fields), "Why?", template) == "Why?"
    chat = Way.model_validate(fields | {"format": "chat", "chat_template_args": {"enable_thinking": False}})
    asked = [{"role": "user", "content": "Why?"}]
    settings = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
    assert as_asked(chat, "Why?", template) == str((asked, settings))
    brief = chat.model_copy(update={"system": "Be brief."})
    said = [{"role": "system", "content": "Be brief."}, *asked]
    assert as_asked(brief, "Why?", template) == str((said, settings))


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
    assert read(Reader(after="So the answer is ", before=" ."), said) == Reading("(a)")
    assert read(Reader(after_last="wet.", before="!"), said) == Reading(None, "!")
    assert read(Reader(before="Answer"), said) == Reading("")
    assert read(Reader(after="A"), "A A B") == Reading(" A B")
    assert read(Reader(first_paragraph=True), "\none\n \ntwo") == Reading("one")
