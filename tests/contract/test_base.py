"""What every contract rests on: names, hashes that stay what they are, and what a database can hold."""

import hashlib
import importlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.contract.base import (
    Contract,
    canonical_json,
    is_none,
    name_problem,
    sha256_of,
    sha256_of_file,
    storable,
    storable_throughout,
)
from app.contract.words import Name

FOLDER = Path(__file__).parents[2] / "app/contract"
NAMES: TypeAdapter[str] = TypeAdapter(Name)


def test_canonical_json_is_written_in_one_way_so_that_stored_hashes_stay_right(tmp_path: Path) -> None:
    text = '{"a":null,"b":[1,"é \\"",true]}'
    value = {"b": [1, 'é "', True], "a": None}
    assert canonical_json(value) == text
    expected = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "file").write_bytes(text.encode())
    assert sha256_of(value) == sha256_of_file(tmp_path / "file") == expected


@given(st.text(st.sampled_from("aZ09._-é \n"), max_size=4) | st.text("a", min_size=98, max_size=103))
def test_a_name_is_told_to_be_one_exactly_where_a_definition_takes_it(text: str) -> None:
    try:
        is_taken = NAMES.validate_python(text) == text
    except ValidationError:
        is_taken = False
    assert (name_problem(text) is None) == is_taken


@pytest.mark.parametrize("length,is_name", [(0, False), (1, True), (100, True), (101, False)])
def test_a_name_has_between_one_and_a_hundred_letters(length: int, is_name: bool) -> None:  # noqa: FBT001  # a case
    assert (name_problem("a" * length) is None) == is_name


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", chr(0xDFFF), "a\udc00"])
def test_what_no_database_holds_is_refused_wherever_it_stands(text: str) -> None:
    for value in (text, [text], {"key": text}, {text: 1}, {"key": [1, {"inner": [text]}]}):
        with pytest.raises(ValueError, match="cannot be stored"):
            storable_throughout(value)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_is_none_is_refused_wherever_it_stands(number: float) -> None:
    for value in (number, [number], {"key": {"inner": number}}):
        with pytest.raises(ValueError, match="a number is too large"):
            storable_throughout(value)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Neighbours of what is refused, too.
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
    | st.sampled_from("\1\ud7ff\ue000"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner),
)


@given(json_values)
def test_every_other_json_value_is_stored_as_it_is(value: object) -> None:
    storable_throughout(value)
    assert storable(value) is value
    assert is_none(value) == (value is None)


def models() -> set[type[BaseModel]]:
    """Every model of app.contract, and those they are made from."""
    names = [f"app.contract.{path.stem}" for path in FOLDER.glob("*.py") if path.stem != "__init__"]
    return {
        value
        for name in names
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type) and issubclass(value, BaseModel) and value is not BaseModel
    }


def test_nothing_that_was_read_and_checked_can_be_changed_afterwards() -> None:
    found = models()
    assert len(found) > 30
    assert {model.__name__ for model in found if not model.model_config.get("frozen")} == set()


class Kept(Contract):
    text: str


def test_a_contract_is_frozen_closed_and_without_outer_white_space() -> None:
    kept = Kept.model_validate({"text": " a b\n"})
    assert kept.text == "a b"
    with pytest.raises(ValidationError, match="frozen"):
        kept.text = "other"  # type: ignore[misc]  # this is what must not be possible
    with pytest.raises(ValidationError, match="Extra inputs"):
        Kept.model_validate({"text": "a", "more": "b"})
