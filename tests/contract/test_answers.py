import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contract.answers import chosen_index, distinct, is_same_answer, wrong_choices


@given(st.text())
def test_an_answer_is_itself_whatever_surrounds_it_and_in_capitals_too(answer: str) -> None:
    assert is_same_answer(answer, f" \n{answer}\t")
    assert is_same_answer(answer.casefold(), answer)


@pytest.mark.parametrize(
    "answer,index",
    [("bridge", 1), ("  BRIDGE ", 1), ("straße", 3), ("STRASSE", 3), ("brid", None), ("", None)],
)
def test_an_answer_names_the_first_choice_that_is_the_same(answer: str, index: int | None) -> None:
    assert chosen_index(answer, ["zoo", "Bridge", "bridge", "Strasse"]) == index


def test_choices_that_differ_in_letters_alone_are_one_and_the_answer_is_never_wrong() -> None:
    choices = ["Zoo", "bridge", "zoo ", "BRIDGE", "sea"]
    assert distinct(choices) == ("Zoo", "bridge", "sea")
    assert wrong_choices(" Bridge", choices) == ("Zoo", "sea")
