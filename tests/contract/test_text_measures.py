import pytest

from app.contract.text_measures import distractor_mentions, is_repetitive, warnings_of, wilson_interval
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


def test_mentions_are_whole_words_of_other_choices() -> None:
    assert distractor_mentions("Ice cream is no fireplace.", "ice cream", CHOICES) == 1


def test_the_interval_is_wilsons() -> None:
    assert wilson_interval(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)


def test_batches_are_planned_longest_first_within_both_limits() -> None:
    asked = [Asked(number, 35 * number) for number in range(1, 8)]
    assert plan_batches(asked, 10, most_questions=3) == [[7, 6, 5], [4, 3, 2], [1]]
    assert [len(batch) for batch in plan_batches(asked, 10, most_tokens=140)] == [1, 2, 4]
