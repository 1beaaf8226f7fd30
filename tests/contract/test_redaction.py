"""Definitions without what people are paid by."""

import time
from typing import Any

import pytest

from app.contract.base import sha256_of
from app.contract.redaction import PLACEHOLDER, has_placeholder, published_sha256, without_payment
from app.contract.study import StudyDefinition
from tests.factories import make_definition

CODES = {"completed": "SENTINEL-1", "screened_out": "SENTINEL-2", "no_consent": "SENTINEL-3"}
RECRUITMENTS: list[dict[str, Any]] = [
    {"platform": "prolific", "codes": CODES},
    {"platform": "prolific", "codes": CODES, "completion_url": "https://sentinel.org/back?code={code}"},
    {"platform": "link", "completion_url": "https://sentinel.org/back?cc=SENTINEL-1"},
    {"platform": "link", "completion_url": "https://sentinel.org/back/SENTINEL-1"},
    {"platform": "sona", "site": "sentinel-site", "experiment": "12", "token": "sentinel-token"},
]


@pytest.mark.parametrize("recruitment", RECRUITMENTS, ids=str)
def test_no_code_is_left_and_the_rest_is_a_definition_that_can_be_copied(recruitment: dict[str, Any]) -> None:
    pages = {"consent": "Agree?", "instructions": "Read.", "debrief": "Your code is SENTINEL-1."}
    whole = make_definition(recruitment=recruitment, pages=pages).model_dump(mode="json")
    assert "sentinel" in str(whole).lower()
    left = without_payment(whole)
    assert "sentinel" not in str(left["recruitment"]).lower()
    assert ("SENTINEL-1" in str(left)) is (recruitment["platform"] == "sona")
    again = StudyDefinition.model_validate(left)
    assert (again.recruitment.platform, again.title) == (recruitment["platform"], "A small study")
    assert has_placeholder(left)
    assert not has_placeholder(whole)


def test_a_word_that_is_part_of_another_stays() -> None:
    pages = {"consent": "FINISHEDLY", "instructions": "FINISHED", "debrief": "Done."}
    recruitment = {"platform": "link", "codes": {"completed": "FINISHED"}}
    left = without_payment(make_definition(recruitment=recruitment, pages=pages).model_dump(mode="json"))
    assert left["pages"] | {} == {
        "consent": "FINISHEDLY",
        "instructions": PLACEHOLDER,
        "debrief": "Done.",
    }


def debrief_without(text: str, **recruitment: Any) -> str:
    """What is left of a debrief; its definition is one that may have been stored by an earlier release."""
    whole = {"slug": "small", "pages": {"debrief": text}, "recruitment": recruitment}
    left: str = without_payment(whole)["pages"]["debrief"]
    return left


@pytest.mark.parametrize(
    "code, text, left",
    [
        ("C1XYZ", "C1XYZ, c1xyz or C1xyz?", "REDACTED, REDACTED or REDACTED?"),
        ("C1", "C1!", "REDACTED!"),
        ("DONE", "done.", "REDACTED."),
        ("THANKS", "Many thanks for Thanksgiving", "Many REDACTED for Thanksgiving"),
        ("C1XYZ", "_C1XYZ_ x_C1XYZ", "_REDACTED_ x_REDACTED"),
        ("C1_XYZ", r"**C1\_XYZ**", "**REDACTED**"),
        ("C1_XYZ", "C1&#95;XYZ, C1&lowbar;XYZ", "REDACTED, REDACTED"),
        ("C1_XYZ", "?next=%2Fx%3DC1%5FXYZ", "?next=%2Fx%3DREDACTED"),
        ("TWO WORDS", "two\n  words", "REDACTED"),
        ("C1XYZ", "\uff231\uff38YZ", "REDACTED"),
        ("C1XYZ", "\u7801C1XYZ\u7801", "\u7801REDACTED\u7801"),
        ("C1XYZ", "AC1XYZ C1XYZ9 C1X", "AC1XYZ C1XYZ9 C1X"),
        ("STRASSE", "Stra\xdfe, 100 % & more\n\n*so*", "Stra\xdfe, 100 % & more\n\n*so*"),
    ],
)
def test_a_code_is_hidden_however_it_is_written_and_the_rest_stays(code: str, text: str, left: str) -> None:
    assert debrief_without(text, codes={"completed": code}) == left


def test_a_short_credit_token_is_hidden_in_an_address() -> None:
    text = "https://lab.sona.com/webstudy_credit.aspx?experiment_id=12&credit_token=abcde&survey_code="
    left = text.replace("abcde", PLACEHOLDER).replace("lab.", f"{PLACEHOLDER}.")
    assert debrief_without(text, site="lab", token="abcde") == left


def test_a_return_address_and_the_values_in_it_are_hidden_but_its_settings_are_words() -> None:
    address = "https://panel.example.org/back/A77B9?cc=SENTINEL9&lang=en&n=12"
    text = f"Go to {address} or type sentinel9 or a77b9; 12 texts in English (en) are back."
    left = debrief_without(text, completion_url=address)
    assert left == "Go to REDACTED or type REDACTED or REDACTED; 12 texts in English (en) are back."


def test_names_that_a_definition_refers_by_stay() -> None:
    conditions = [
        {"key": key, "label": f"Label {key}", "source": {"bundle": "mt"}} for key in ("done", "other")
    ]
    analysis = {"reference": "done"}
    recruitment = {"platform": "link", "codes": {"completed": "DONE"}}
    whole = make_definition(conditions=conditions, analysis=analysis, recruitment=recruitment)
    left = StudyDefinition.model_validate(without_payment(whole.model_dump(mode="json")))
    assert (left.conditions[0].key, left.analysis.reference) == ("done", "done")
    assert left.conditions[0].label == f"Label {PLACEHOLDER}"


@pytest.mark.parametrize(
    "code, text",
    [
        ("-" * 65_536 + "!", "-"),
        ("a" * 65_536, "a"),
        ("-aa" * 20_000 + "-a", "-aa"),
        ("C1", "C1 "),
        ("a", "a\\-"),
    ],
    ids=["hyphens", "letters", "repeated", "hidden everywhere", "escaped"],
)
def test_hiding_costs_no_more_than_the_texts_length(code: str, text: str) -> None:
    """Twice the text takes less than three times the time, once it takes long enough to be measured."""
    for _ in range(3):
        half, whole = (cpu_seconds(code, text * (size // len(text))) for size in (180_000, 360_000))
        if whole < max(3 * half, 0.05):
            return
    pytest.fail(f"{half:.3f} s for 180 KB, {whole:.3f} s for 360 KB")


def cpu_seconds(code: str, text: str) -> float:
    started = time.process_time()
    debrief_without(text, codes={"completed": code})
    return time.process_time() - started


def test_a_hash_of_what_is_published_tells_nothing_of_the_code() -> None:
    first, second = (
        make_definition(recruitment={"platform": "prolific", "codes": {"completed": code}}).model_dump(
            mode="json"
        )
        for code in ("THANKS", "OTHER9")
    )
    assert published_sha256(first) == published_sha256(second)
    assert published_sha256(first) == sha256_of(without_payment(first))
