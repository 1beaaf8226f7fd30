"""Refusals speak the researcher's language, whatever is wrong, and cost little however much is."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from fastapi import Request
from pydantic import ValidationError

from app.contract.base import InvalidFile
from app.contract.bundle import BundleManifest, BundleRow
from app.contract.cleaning import clean
from app.contract.complaints import MOST_PROBLEMS, reasons
from app.contract.question import Question
from app.contract.student import StudentManifest
from app.contract.study import Draw, Questions
from app.contract.text_measures import measure, mentioned, own_answer
from app.contract.words import LONGEST_ADDRESS, https_address
from app.studies.definition import LARGEST_BYTES, parse_definition
from app.studies.drawing import Candidate, draw_questions
from app.web.cookies import sent_cookie
from tests.factories import make_definition

PYTHON = (
    "tuple",
    " dict",
    "Input should",
    "input should",
    "str ",
    "type=",
    "NoneType",
    "None",
    "True",
    "[type",
)
WRONG: tuple[Any, ...] = (None, True, -1, 2.5, 10**30, "", "x" * 300, [], ["a"], {}, {"a": []}, [[[]]])


def every_wrong_value(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields with each value, at the top and one level below, replaced by each wrong one."""
    made = []
    for key, value in fields.items():
        made += [{**fields, key: wrong} for wrong in WRONG]
        if isinstance(value, dict):
            made += [{**fields, key: {**value, inner: wrong}} for inner in value for wrong in WRONG]
    return made


@pytest.mark.parametrize(
    "model, fields",
    [
        (type(make_definition()), make_definition().model_dump(mode="json")),
        (BundleManifest, BundleManifest(name="mt").model_dump(mode="json")),
        (
            BundleRow,
            {
                "question_id": "q",
                "question": "Why?",
                "choices": ["a", "b"],
                "correct_answer": "a",
                "predicted_answer": "a",
                "explanation": "So.",
            },
        ),
        (Question, {"id": "q", "question": "Why?", "choices": ["a", "b"], "answer": "a"}),
        (
            StudentManifest,
            {
                "schema_version": 1,
                "name": "s",
                "architecture": "decoder-only",
                "files": {},
                "base": {"source": "hub", "id": "a/b"},
                "generation": {"precision": "fp32", "seed": 1},
                "ask": {"default": "one", "ways": {}},
            },
        ),
    ],
)
def test_no_refusal_speaks_python(model: Any, fields: dict[str, Any]) -> None:
    said = set()
    for wrong in every_wrong_value(fields):
        try:
            model.model_validate(wrong)
        except ValidationError as error:
            said.add(reasons(error))
    assert len(said) > 10
    for sentence in said:
        assert not [word for word in PYTHON if word in sentence], sentence


def test_a_definition_with_very_many_mistakes_names_fifty_and_counts_the_rest() -> None:
    text = "".join(f"key{number}: 1\n" for number in range(3000))
    with pytest.raises(InvalidFile) as refused:
        parse_definition(text, "study.yaml")
    lines = str(refused.value).splitlines()
    assert len(lines) == 1 + MOST_PROBLEMS + 1
    assert lines[-1].strip().startswith("and 2,9")
    assert len(str(refused.value)) < 40_000


@pytest.mark.parametrize(
    "text",
    [
        "[" * 4000,
        "a: " + "[" * 101 + "]" * 101,
        "a: [" + "[1, 2], " * 100_000 + "]",
        "x" * (LARGEST_BYTES + 1),
        "".join(f"key{number}: 1\n" for number in range(20_000)),
        "- " * 20_000,
        "# " + "]" * 4500 + "\na: " + "[" * 4000,
        "a:\r" * 30_000,
        "-\x85" * 30_000,
    ],
)
def test_a_definition_beyond_the_limits_is_refused_before_it_is_read(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.studies.definition.YAML", None)  # the reader, which would fail
    with pytest.raises(InvalidFile):
        parse_definition(text, "study.yaml")


def test_contradictions_beyond_fifty_are_counted() -> None:
    constructs = [{"key": f"c{n}", "statement": "s", "scale": f"none{n}"} for n in range(80)]
    text = json.dumps(
        make_definition().model_dump(mode="json", exclude_none=True) | {"constructs": constructs}
    )
    with pytest.raises(InvalidFile) as refused:
        parse_definition(text, "study.yaml")
    lines = str(refused.value).splitlines()
    assert "constructs.49.scale: 'none49' is no scale of this study; there is" in lines[MOST_PROBLEMS]
    assert lines[MOST_PROBLEMS + 1].strip() == "and 30 more problems."


def address(size: int) -> None:
    with pytest.raises(ValueError, match="characters"):
        https_address("https://" + "a." * (size // 2) + "\x00 ")


def lists(size: int) -> None:
    with pytest.raises(InvalidFile):
        parse_definition("a: [" + "1," * (size // 16) + "1]", "study.yaml")


def unknown_keys(size: int) -> None:
    with pytest.raises(InvalidFile):
        parse_definition("".join(f"key{number:05}: 1\n" for number in range(size // 16)), "study.yaml")


def mistyped_scales(size: int) -> None:
    count = size // 64
    constructs = "".join(f"- {{key: c{n}, statement: s, scale: none{n}}}\n" for n in range(count))
    scales = "".join(f"  scale{n}: [a, b]\n" for n in range(count))
    with pytest.raises(InvalidFile):
        parse_definition(f"version: 1\nconstructs:\n{constructs}scales:\n{scales}", "study.yaml")


def quoted_cookie(size: int) -> None:
    cookie = b'a="' + b'\\"' * (size // 2) + b'"'
    request = Request({"type": "http", "headers": [(b"cookie", cookie)]})
    assert sent_cookie(request, "a") == '"' * (size // 2)


def paragraphs(size: int) -> None:
    clean("\n \t" * (size // 3) + "x")


def mentions(size: int) -> None:
    assert mentioned("a " * (size // 2), ["a " * (size // 4) + "b"]) == []
    assert mentioned("a" * size, ["a" * (size // 2)]) == []
    assert mentioned("x" + "-x" * (size // 2), ["-x" * (size // 4)]) != []


def own_answers(size: int) -> None:
    assert own_answer("answer: x " * (size // 10), ["a", "b"]) is None
    assert own_answer("answer" + " " * size, ["a", "b"]) is None


def similar_names(size: int) -> None:
    count, name = size // 256, "ab" * 48
    constructs = "".join(f"- {{key: c{n}, statement: s, scale: {name}x{n}}}\n" for n in range(count))
    scales = "".join(f"  {name}{n}: [a, b]\n" for n in range(count))
    with pytest.raises(InvalidFile):
        parse_definition(f"version: 1\nconstructs:\n{constructs}scales:\n{scales}", "study.yaml")


def excluded_ids(size: int) -> None:
    known = [Candidate(question_id=n, key=f"q{n}", is_correct=(True,)) for n in range(size // 16)]
    exclude = tuple(f"q{n}" for n in range(1, size // 16))
    asked = Questions(set="set", draw=Draw(count=1), exclude=exclude)
    assert draw_questions(known, asked) == known[:1]


def sentences(size: int) -> None:
    measure("a b c d e f. " * (size // 13), "a", ("a", "b"), "a")


@pytest.mark.parametrize(
    "attack",
    [
        *(address, lists, unknown_keys, mistyped_scales, similar_names, excluded_ids),
        *(paragraphs, mentions, own_answers, sentences, quoted_cookie),
    ],
)
def test_no_text_of_64_kb_costs_more_than_its_length(attack: Callable[[int], None]) -> None:
    """Twice the text takes less than three times the time, once it takes long enough to be measured."""
    for _ in range(3):
        half, whole = cpu_seconds(attack, 32 * 1024), cpu_seconds(attack, 64 * 1024)
        if whole < max(3 * half, 0.05):
            return
    pytest.fail(f"{half:.3f} s for 32 KiB, {whole:.3f} s for 64 KiB")


def cpu_seconds(attack: Callable[[int], None], size: int) -> float:
    started = time.process_time()
    attack(size)
    return time.process_time() - started


@pytest.mark.parametrize(
    "value, is_right",
    [
        ("https://example.org/return?code={code}", True),
        ("https://app.prolific.com/submissions/complete?cc=C1", True),
        ("https://example.org:8443/x", True),
        ("http://example.org/x", False),
        ("https://localhost/x", False),
        ("https://exa mple.org/x", False),
        ("https://[::1/x", False),
        ("javascript:alert(1)//https://example.org", False),
        ("https://example.org/" + "x" * LONGEST_ADDRESS, False),
    ],
)
def test_a_return_address_is_one_a_browser_could_open(value: str, *, is_right: bool) -> None:
    if is_right:
        assert https_address(value) == value
    else:
        with pytest.raises(ValueError, match=r"expected an address|characters"):
            https_address(value)
