import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contract.text_measures import (
    contradicts,
    distractor_mentions,
    first_mentioned,
    is_repetitive,
    mention,
    warnings_of,
    wilson_interval,
)
from app.runs.planning import Asked, plan_batches

CHOICES = ["ice cream", "ice", "fire"]


def test_what_is_odd_is_named() -> None:
    text = "The answer is fire. It is hot here. It is hot here."
    found = warnings_of(text, "ice", CHOICES, is_truncated=True, missing=["answer: x"])
    assert found == ["missing_marker", "truncated", "repetitive", "contradicting"]
    assert warnings_of(" ", None, CHOICES, is_truncated=False, missing=[]) == ["empty"]
    fine = "The answer is ice cream, because it is cold and sweet."
    assert warnings_of(fine, "ice cream", CHOICES, is_truncated=False, missing=[]) == []


def test_a_loop_without_full_stops_is_repetitive() -> None:
    assert is_repetitive("one two three four five six " * 3)
    assert not is_repetitive("Yes. Yes. A long day, a long night.")


@pytest.mark.parametrize(
    "text,is_so",
    [
        ("It rains. It rains.", False),  # of two words
        ("It rains now. It RAINS, now! So what?", True),
        ("It rains now\nit rains now", True),
        ("It rains now. It rains then.", False),
        ("one two three four five six " * 2, False),
        ("one two three four five six and " * 3, True),
        (
            "one two three four five and more: one two three four five and less; one two three four five",
            False,
        ),
        ("", False),
    ],
)
def test_repetitive_is_a_sentence_of_three_words_twice_or_six_words_three_times(
    text: str, *, is_so: bool
) -> None:
    assert is_repetitive(text) == is_so


@pytest.mark.parametrize(
    "text,answer,is_so",
    [
        ("The answer is fire.", "ice", True),
        ("The answer is fire.", " FIRE ", False),
        ("The answer is fire.", "water", False),  # is no choice itself
        ("The answer is fire.", None, False),
        ("The answer is water.", "ice", False),
        ("The answer is ice cream, not fire.", "ice", True),  # the longest of those that begin there
        ("The answer is fire. No: the answer is ice.", "ice", False),  # the last one counts
        ("Answer: fire", "ice", True),
        ("THE CORRECT ANSWER IS fire", "ice", True),
        ("Fire, because it is hot.", "ice", False),
        ("The answer is" + " " * 96 + "fire", "ice", True),  # within a hundred letters
        ("The answer is" + " " * 97 + "fire", "ice", False),
    ],
)
def test_contradicting_is_naming_another_choice_as_the_answer(
    text: str, answer: str | None, *, is_so: bool
) -> None:
    assert contradicts(text, answer, CHOICES) == is_so


def test_of_several_choices_the_first_mentioned_counts_and_there_the_longest() -> None:
    assert first_mentioned("no fire, no ice cream", CHOICES) == "fire"
    assert first_mentioned("ice cream and fire", CHOICES) == "ice cream"
    assert first_mentioned("icecream", CHOICES) is None


@given(st.text("ab -.", max_size=12), st.text("Ab-. ", min_size=1, max_size=3).filter(str.strip))
def test_a_mention_is_what_a_pattern_of_whole_words_finds_first(text: str, choice: str) -> None:
    found = re.search(rf"(?<!\w){re.escape(choice.strip().casefold())}(?!\w)", text)
    assert mention(text, choice) == (found.start() if found else -1)


def test_what_is_longer_than_three_hundred_letters_is_not_looked_for() -> None:
    assert mention("b" * 300, "B" * 300) == 0
    assert mention("b" * 301, "B" * 301) == -1


def test_a_distractor_counts_once_however_often_it_stands_there() -> None:
    assert distractor_mentions("fire, fire and ice", "ice", [*CHOICES, " FIRE"]) == 1
    assert distractor_mentions("fire, fire and ice", None, CHOICES) == 2
    assert distractor_mentions("nothing", "ice", CHOICES) == 0


def test_mentions_are_whole_words_of_other_choices() -> None:
    assert distractor_mentions("Ice cream is no fireplace.", "ice cream", CHOICES) == 1


def test_the_interval_is_wilsons() -> None:
    assert wilson_interval(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)


@given(st.integers(1, 10**6), st.data())
def test_the_interval_holds_the_share_and_turns_round_with_it(total: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, total))
    low, high = wilson_interval(right, total)
    assert 0 <= low <= right / total + 1e-12
    assert right / total - 1e-12 <= high <= 1
    assert wilson_interval(total - right, total) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize("right,total", [(0, 0), (-1, 5), (6, 5)])
def test_no_share_has_no_interval(right: int, total: int) -> None:
    with pytest.raises(ValueError, match="right"):
        wilson_interval(right, total)


def test_batches_are_planned_longest_first_within_both_limits() -> None:
    asked = [Asked(number, 35 * number) for number in range(1, 8)]
    assert plan_batches(asked, 10, most_questions=3) == [[7, 6, 5], [4, 3, 2], [1]]
    assert [len(batch) for batch in plan_batches(asked, 10, most_tokens=140)] == [1, 2, 4]
