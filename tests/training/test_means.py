"""Means over an evaluation, against values known by hand."""

import random

import pytest

from training import means
from training.data import Example

BANK = Example("q", "Where is money?", ("river bank", "river", "St. Paul, Mn.", "bank", "bank"), "bank")


def test_the_interval_is_that_of_a_resampled_mean_whatever_the_order_and_again_with_the_same_seed() -> None:
    right = [1.0] * 640 + [0.0] * 360
    found = means.bootstrap(right)
    half = 1.96 * (0.64 * 0.36 / 1000) ** 0.5  # a share's, by the normal approximation
    assert found.value == 0.64
    assert (found.low, found.high) == pytest.approx((0.64 - half, 0.64 + half), abs=0.003)
    shuffled = random.Random(0).sample(right, len(right))
    assert means.bootstrap(shuffled) == found != means.bootstrap(right, seed=1)
    assert means.bootstrap([1.0, 1.0]) == means.Estimate(1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="nothing to take a mean of"):
        means.bootstrap([])


def test_the_interval_agrees_with_resampling_one_by_one() -> None:
    values = [0.0, 0.5, 0.5, 2.0, 7.0]
    draw = random.Random(0)
    resampled = sorted(sum(draw.choices(values, k=5)) / 5 for _ in range(20_000))
    found = means.bootstrap(values)
    assert (found.low, found.high) == pytest.approx((resampled[500], resampled[19_500]), abs=0.11)


def test_explanations_are_described_by_means_over_those_there_are() -> None:
    told = [
        (BANK, "Bank ", "The answer is bank. It is not the river."),
        (BANK, "river", "The answer is bank."),
        (BANK, None, "It is so."),
        (BANK, "river", None),
        (BANK, "river", ""),
    ]
    found = means.describe_explanations(told)
    assert found == {
        "explained": 3,
        "characters": pytest.approx((40 + 19 + 9) / 3),
        "words": pytest.approx((9 + 4 + 3) / 3),
        "sentences": pytest.approx(4 / 3),
        "negations": pytest.approx(1 / 3),
        "distractors_mentioned": pytest.approx(2 / 3),
        "answer_mentioned": pytest.approx(1 / 3),
        "repetition": 0,
        "states_an_answer": pytest.approx(2 / 3),
        "consistent": 0.5,
    }
    assert means.describe_explanations(told[3:]) == {"explained": 0}
    assert means.describe_explanations(told[2:3])["consistent"] is None


def test_an_explanation_is_measured_as_a_run_shows_it() -> None:
    raw = " The answer is bank.\x1b\n\nQuestion: What has a river bank? The answer is river. "
    found = means.describe_explanations([(BANK, "bank", raw), (BANK, "bank", " \u200b\n")])
    assert found == means.describe_explanations([(BANK, "bank", "The answer is bank.")])
    assert (found["explained"], found["words"], found["consistent"]) == (1, 4, 1)
    assert means.describe_explanations([(BANK, "bank", " \n")]) == {"explained": 0}


def test_an_answer_is_right_whatever_its_case_and_white_space() -> None:
    assert means.is_right(" BANK", BANK)
    assert not means.is_right(None, BANK)
