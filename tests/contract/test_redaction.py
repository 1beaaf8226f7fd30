"""Definitions without what people are paid by."""

from typing import Any

import pytest

from app.contract.redaction import PLACEHOLDER, has_placeholder, without_payment
from app.contract.study import StudyDefinition
from tests.factories import make_definition

CODES = {"completed": "SENTINEL-1", "screened_out": "SENTINEL-2", "no_consent": "SENTINEL-3"}
RECRUITMENTS: list[dict[str, Any]] = [
    {"platform": "prolific", "codes": CODES},
    {"platform": "prolific", "codes": CODES, "completion_url": "https://sentinel.org/back?code={code}"},
    {"platform": "link", "completion_url": "https://sentinel.org/back?cc=SENTINEL-1"},
    {"platform": "sona", "site": "sentinel-site", "experiment": "12", "token": "sentinel-token"},
]


@pytest.mark.parametrize("recruitment", RECRUITMENTS, ids=str)
def test_no_code_is_left_and_the_rest_is_a_definition_that_can_be_copied(recruitment: dict[str, Any]) -> None:
    pages = {"consent": "Agree?", "instructions": "Read.", "debrief": "Your code is SENTINEL-1."}
    whole = make_definition(recruitment=recruitment, pages=pages).model_dump(mode="json")
    assert "sentinel" in str(whole).lower()
    left = without_payment(whole)
    assert "sentinel" not in str(left["recruitment"]).lower()
    assert ("SENTINEL-1" in str(left)) is ("codes" not in recruitment)
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
