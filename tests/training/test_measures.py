"""What is counted in answers and explanations, against values known by hand."""

import random

import pytest

from training import measures
from training.data import Example

BANK = Example("q", "Where is money?", ("river bank", "river", "St. Paul, Mn.", "bank", "bank"), "bank")


def test_the_interval_is_that_of_a_resampled_mean_whatever_the_order_and_again_with_the_same_seed() -> None:
    right = [1.0] * 640 + [0.0] * 360
    found = measures.bootstrap(right)
    half = 1.96 * (0.64 * 0.36 / 1000) ** 0.5  # a share's, by the normal approximation
    assert found.value == 0.64
    assert (found.low, found.high) == pytest.approx((0.64 - half, 0.64 + half), abs=0.003)
    shuffled = random.Random(0).sample(right, len(right))
    assert measures.bootstrap(shuffled) == found != measures.bootstrap(right, seed=1)
    assert measures.bootstrap([1.0, 1.0]) == measures.Estimate(1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="nothing to take a mean of"):
        measures.bootstrap([])


def test_the_interval_agrees_with_resampling_one_by_one() -> None:
    values = [0.0, 0.5, 0.5, 2.0, 7.0]
    draw = random.Random(0)
    means = sorted(sum(draw.choices(values, k=5)) / 5 for _ in range(20_000))
    found = measures.bootstrap(values)
    assert (found.low, found.high) == pytest.approx((means[500], means[19_500]), abs=0.11)


@pytest.mark.parametrize(
    "text,sentences,negations",
    [
        ("", 0, 0),
        ("no end", 1, 1),
        ("It isn't so. It can’t be “so.” Nobody cannot know! Really?", 4, 4),
        ("About 3.5 knots, another note. Nothing (at all.)", 2, 1),
    ],
)
def test_sentences_and_negations_are_counted(text: str, sentences: int, negations: int) -> None:
    assert measures.count_sentences(text) == sentences
    assert measures.count_negations(text) == negations


def test_choices_are_mentioned_as_whole_words_only() -> None:
    assert measures.mentions("By the RIVER\nbank!", "river bank")
    assert not measures.mentions("The banker's rivers", "bank")
    assert not measures.mentions("anything", "?")
    assert measures.mentioned_distractors("A river, St Paul Mn, a bank; a river.", BANK) == 2
    assert measures.mentioned_distractors("", BANK) == 0


def test_repetition_is_the_share_of_four_word_runs_that_were_there_before() -> None:
    assert measures.repetition("one two three") == 0
    assert measures.repetition("one two three four five") == 0
    # Runs: abca, bcab, cabc, abca again, bcab again.
    assert measures.repetition("a b c a b c a b") == pytest.approx(2 / 5)
    assert measures.repetition("so so so so so so so so so so so so so") == pytest.approx(0.9)


@pytest.mark.parametrize(
    "text,own",
    [
        ("The answer is bank.", "bank"),
        ("The answer is river. No, the correct answer would be: (D) Bank because of money.", "bank"),
        ("So the answer is “river bank”.", "river bank"),
        ("The answer is St. Paul, Mn. It lies there.", "St. Paul, Mn."),
        ("The answer is river. The answer is clear.", "river"),
        ("The answer is banks.", None),
        ("It is the bank.", None),
    ],
)
def test_an_explanations_own_answer_is_the_last_choice_it_says_is_the_answer(
    text: str, own: str | None
) -> None:
    assert measures.own_answer(text, BANK) == own


def test_explanations_are_described_by_means_over_those_there_are() -> None:
    told = [
        (BANK, "Bank ", "The answer is bank. It is not the river."),
        (BANK, "river", "The answer is bank."),
        (BANK, None, "It is so."),
        (BANK, "river", None),
        (BANK, "river", ""),
    ]
    found = measures.describe_explanations(told)
    assert found == {
        "explained": 3,
        "characters": pytest.approx((40 + 19 + 9) / 3),
        "words": pytest.approx((9 + 4 + 3) / 3),
        "sentences": pytest.approx(4 / 3),
        "negations": pytest.approx(1 / 3),
        "distractors_mentioned": pytest.approx(1 / 3),
        "answer_mentioned": pytest.approx(1 / 3),
        "repetition": 0,
        "states_an_answer": pytest.approx(2 / 3),
        "consistent": 0.5,
    }
    assert measures.describe_explanations(told[3:]) == {"explained": 0}
    assert measures.describe_explanations(told[2:3])["consistent"] is None
    assert measures.is_right(" BANK", BANK)
    assert not measures.is_right(None, BANK)
