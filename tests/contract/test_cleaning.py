import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contract.cleaning import clean

CONTROLS = st.sampled_from([*"\n\r\t \0\x0b\x1f\x7f\x85\u2028\u202e\u2066\u00a0.", "\r\n", "\n \n", "\n\n"])
raw_texts = st.text() | st.lists(CONTROLS | st.text(max_size=4), max_size=12).map("".join)


@given(raw_texts)
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    once = clean(raw)
    again = clean(once.text)
    assert again.text == once.text
    assert again.changes == ()
    assert again.is_cut_off == once.is_cut_off
    assert bool(once.changes) == (once.text != raw)


@given(raw_texts)
def test_what_is_shown_is_one_harmless_paragraph_of_the_raw_text(raw: str) -> None:
    text = clean(raw).text
    assert len(text) <= len(raw)
    assert text == text.strip()
    assert not re.search(r"\n\s*\n", text)
    assert not [letter for letter in text if unicodedata.category(letter) in {"Cc", "Cs"} and letter != "\n"]
    assert not [letter for letter in text if unicodedata.bidirectional(letter)[-1:] in {"E", "O", "F", "I"}]
    assert set(text) <= set(raw) | {" ", "\n"}


EXAMPLES: list[tuple[str | None, str, tuple[str, ...]]] = [
    (None, "", ()),
    ("", "", ()),
    (" \n\t ", "", ("control_characters", "outer_white_space")),
    ("A beaver builds dams.", "A beaver builds dams.", ()),
    ("\n\nBecause.\n", "Because.", ("outer_white_space",)),
    ("First.\nStill first.\n\nQuestion: next?", "First.\nStill first.", ("first_paragraph",)),
    ("First.\n \u00a0 \nSecond.", "First.", ("first_paragraph",)),
    ("First.\r\n\r\nSecond.", "First.", ("control_characters", "first_paragraph")),
    ("a\tb\0c\u202ed\x1be.", "a bcde.", ("control_characters",)),
    ("עברית \u2067x\u2069.", "עברית x.", ("control_characters",)),
    ("👩\u200d🔬 tests.", "👩\u200d🔬 tests.", ()),
    ("Half \ud83d pair.", "Half  pair.", ("control_characters",)),
]


@pytest.mark.parametrize("raw,shown,changes", EXAMPLES)
def test_each_step_is_named_where_it_changes_something(
    raw: str | None, shown: str, changes: tuple[str, ...]
) -> None:
    cleaned = clean(raw)
    assert (cleaned.text, cleaned.changes) == (shown, changes)


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "Yes!",
        "Yes?",
        "And so on…",
        "So:",
        "“Yes.”",
        'He said "no."',
        "(So.)",
        "*So.*",
        "«Oui.»",
        "[1.]",
    ],
)
def test_a_finished_sentence_is_not_flagged(text: str) -> None:
    assert not clean(text + "\n").is_cut_off


@pytest.mark.parametrize(
    "text", ["the materials they need", "Because,", "A dam (of", "1. x", "“Yes”", "e.g. a"]
)
def test_a_text_that_stops_in_mid_sentence_is_flagged_and_shown_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.is_cut_off
    assert cleaned.text == text


def test_nothing_at_all_is_empty_and_not_cut_off() -> None:
    assert not clean(None).is_cut_off
    assert not clean("\n\n").is_cut_off
