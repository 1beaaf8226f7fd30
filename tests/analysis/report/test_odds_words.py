"""Where odds are not proportional, a report says so, and of which pairs only behind both gates."""

from dataclasses import replace
from math import log

from app.analysis.proportional_odds import BOUNDED
from app.analysis.report.odds_words import uneven
from app.analysis.tidy import Key

TEST = {"chi2": 21.3, "df": 9, "p": 0.011, "p_holm": 0.034}
OUTCOME = "(test of proportional odds: χ²(9) = 21.30, p = .011, p (Holm) = .034)"


def known(test: dict[str, float], p_gated: float) -> dict[Key, dict[str, float]]:
    pair = Key("clmm_nominal_pairs", "all_rows", "one", group1="a", group2="b")
    cuts = {
        replace(pair, analysis="clmm_nominal_differences", term=cut): {
            "estimate": log(ratio),
            "low": log(ratio / 2),
            "high": log(ratio * 2),
        }
        for cut, ratio in (("1|2", 2.0), ("2|3", 0.5))
    }
    other = {replace(pair, analysis="clmm_nominal_differences", group2="c", term="1|2"): {"estimate": 9.0}}
    return {
        Key("clmm_nominal_test", "all_rows", "one"): test,
        pair: {"p_holm": 0.02, "p_gated": p_gated},
        **cuts,
        **other,
    }


def test_a_pair_behind_both_gates_has_its_odds_ratio_at_each_threshold() -> None:
    [sentence] = uneven(known(TEST, 0.034), "all_rows", "one")
    assert sentence == (
        "one: the differences between conditions are not the same at every point of the scale "
        f"{OUTCOME}, so that an odds ratio of all points is no more than an average. The difference between "
        "a and b is not (p (Holm) = .020); odds ratios of a rating in b against a: above 1 2.00, 95 % "
        "interval [1.00, 4.00]; above 2 0.50, 95 % interval [0.25, 1.00]."
    )


def test_without_such_a_pair_none_is_named() -> None:
    [sentence] = uneven(known(TEST, 0.2), "all_rows", "one")
    assert "Of which pairs that is so cannot be said: of none after Holm's correction." in sentence
    assert "between a and b" not in sentence


def test_a_p_that_holm_takes_back_is_told_as_a_doubt() -> None:
    [sentence] = uneven(known(TEST | {"p_holm": 0.055}, 0.055), "all_rows", "one")
    assert "may not be the same at every point of the scale" in sentence
    assert "between a and b" not in sentence


def test_what_rests_on_thresholds_without_a_bound_is_a_doubt_and_says_so() -> None:
    key = Key("clmm_nominal_test", "all_rows", "one", term=BOUNDED)
    [sentence] = uneven(known(TEST, 0.034) | {key: {"chi2": 11.95, "df": 6, "p": 0.063}}, "all_rows", "one")
    assert sentence.startswith(
        "one: the differences between conditions may not be the same at every point of the scale "
        f"{OUTCOME[:-1]}; without thresholds that have no bound: χ²(6) = 11.95, p = .063)."
    )
    [sure] = uneven(known(TEST, 0.034) | {key: {"chi2": 11.95, "df": 6, "p": 0.04}}, "all_rows", "one")
    assert "differences between conditions are not the same" in sure


def test_nothing_is_said_where_it_is_not_rejected_or_was_not_tested() -> None:
    assert list(uneven(known(TEST | {"p": 0.2, "p_holm": 0.4}, 0.4), "all_rows", "one")) == []
    assert list(uneven({}, "all_rows", "one")) == []
