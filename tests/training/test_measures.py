import pytest

from training import measures
from training.data import Example

EXAMPLE = Example("q", "Where?", ("river bank", "sea", "St. Paul", "sea"), "river bank")


def test_an_interval_holds_its_mean_is_seeded_and_narrows_with_more_questions() -> None:
    few, many = measures.bootstrap([1.0, 0.0] * 20), measures.bootstrap([1.0, 0.0] * 2000)
    assert few.value == many.value == 0.5
    assert few.low < 0.5 < few.high
    # 1.96 standard errors of a share of one half among 40
    assert few.high - few.value == pytest.approx(1.96 * (0.25 / 40) ** 0.5, abs=0.02)
    assert many.high - many.low < (few.high - few.low) / 5
    assert measures.bootstrap([1.0, 0.0] * 20) == few
    with pytest.raises(ValueError, match="nothing to take a mean of"):
        measures.bootstrap([])


def test_an_answer_is_right_whatever_its_case_and_never_by_containing_the_choice() -> None:
    assert measures.is_right(" River Bank", EXAMPLE)
    assert not measures.is_right("river bank or sea", EXAMPLE)
    assert not measures.is_right(None, EXAMPLE)


def test_sentences_negations_and_repetition_are_counted() -> None:
    assert measures.count_sentences("One. Two (really)! And 3.5 more?") == 3
    assert measures.count_sentences("no end") == 1
    assert measures.count_sentences(" ") == 0
    assert measures.count_negations("It isn't, it’s not and never cannot; nothing else. Knot.") == 5
    assert measures.repetition("a b c d a b c d") == pytest.approx(1 / 5)
    assert measures.repetition("too short") == 0.0


def test_distractors_are_mentioned_as_whole_words_and_each_counts_once() -> None:
    assert measures.mentioned_distractors("The sea, the SEA, St. Paul.", EXAMPLE) == 2
    assert measures.mentioned_distractors("A seat at the season's end.", EXAMPLE) == 0


@pytest.mark.parametrize(
    "text,own",
    [
        ("The answer is river bank. Rivers have banks.", "river bank"),
        ("It is wet. So the answer is sea.", "sea"),
        ("The answer is St. Paul. It is a town.", "St. Paul"),
        ("The correct answer is (B) sea.", "sea"),
        ("The answer is sea. No: the answer is river bank.", "river bank"),
        ("The correct answer would be “Sea” because it is wet.", "sea"),
        ("The answer is the moon.", None),
        ("The answer is sea salt.", None),
        ("Rivers have banks.", None),
    ],
)
def test_an_explanations_own_answer_is_what_it_says_last(text: str, own: str | None) -> None:
    assert measures.own_answer(text, EXAMPLE) == own


def test_consistency_is_counted_among_explanations_that_state_an_answer() -> None:
    told = [
        (EXAMPLE, "sea", "The answer is sea. It is wet."),
        (EXAMPLE, "sea", "The answer is river bank."),
        (EXAMPLE, "sea", "It isn't dry."),
        (EXAMPLE, "sea", None),
    ]
    found = measures.describe_explanations(told)
    assert found["explained"] == 3
    assert found["states_an_answer"] == pytest.approx(2 / 3)
    assert found["consistent"] == 0.5
    assert found["negations"] == pytest.approx(1 / 3)
    assert measures.describe_explanations([(EXAMPLE, None, "")]) == {"explained": 0}
