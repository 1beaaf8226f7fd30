"""What people are paid by has a length; what an earlier release stored without one stays readable."""

from typing import Any

import pytest

from app.contract.base import InvalidFile
from app.contract.study import StudyDefinition
from app.contract.words import LONGEST_CODE
from app.studies.definition import parse_definition, write_definition
from tests.factories import make_definition

SONA = {"platform": "sona", "site": "lab", "experiment": "12", "token": "abc"}


def with_length(length: int) -> list[tuple[str, dict[str, Any]]]:
    """Where a long value may stand, and a recruitment that has one there."""
    long = "C" * length
    codes = [
        (f"codes.{key}", {"platform": "prolific", "codes": {"completed": "C", key: long}})
        for key in ("completed", "screened_out", "no_consent")
    ]
    return [*codes, *((key, SONA | {key: long}) for key in ("experiment", "token"))]


@pytest.mark.parametrize("place, recruitment", with_length(LONGEST_CODE + 1))
def test_a_code_longer_than_any_platforms_is_refused_but_read_where_it_was_stored(
    place: str, recruitment: dict[str, Any]
) -> None:
    stored = make_definition(recruitment=recruitment)
    assert StudyDefinition.model_validate(stored.model_dump(mode="json")) == stored
    with pytest.raises(InvalidFile, match=rf"recruitment\.{place}.*longer than the 200 characters"):
        parse_definition(write_definition(stored), "study.yaml")


@pytest.mark.parametrize("place, recruitment", with_length(LONGEST_CODE))
def test_a_code_may_be_as_long_as_the_limit(place: str, recruitment: dict[str, Any]) -> None:
    definition = make_definition(recruitment=recruitment)
    assert parse_definition(write_definition(definition), "study.yaml") == definition, place
