"""Mantel's test of where people leave: against another program, and against all ways to leave."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable

from app.analysis.statistics.base import Undefined
from app.analysis.statistics.leaving import LeavingTest, leaving, leaving_test

Counts = dict[tuple[int, str], tuple[int, int]]  # place and group → there, left


def frame_of(counts: Counts) -> pd.DataFrame:
    rows = [
        {"position": place, "condition": group, "left": number < left}
        for (place, group), (there, left) in counts.items()
        for number in range(there)
    ]
    return pd.DataFrame(rows)


def made(counts: Counts) -> LeavingTest:
    found = leaving_test(frame_of(counts), "condition", ["position"])
    assert isinstance(found, LeavingTest)
    return found


TWO: Counts = {(1, "a"): (30, 2), (1, "b"): (28, 7), (2, "a"): (25, 1), (2, "b"): (24, 4), (3, "a"): (45, 0)}


def test_of_two_conditions_it_is_mantels_and_haenszels_test() -> None:
    tables = [np.array([[2, 28], [7, 21]]), np.array([[1, 24], [4, 20]])]
    expected = StratifiedTable(tables).test_null_odds(correction=False)
    found = made(TWO)
    assert (found.n, found.left, found.df) == (152, 14, 1)
    assert found.chi2 == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p_chi2 == pytest.approx(expected.pvalue, rel=1e-12)


def test_of_one_place_its_p_is_that_of_all_ways_to_leave() -> None:
    """Two of eight left, both at the first condition, which six of the eight saw the other of."""
    ways = stats.hypergeom(8, 2, 2)  # of two that left, how many saw a
    far = {n: abs(n - 0.5) for n in range(3)}
    exact = sum(ways.pmf(n) for n in far if far[n] >= far[2] - 1e-12)
    assert made({(1, "a"): (2, 2), (1, "b"): (6, 0)}).p == pytest.approx(exact, abs=0.006)


def test_of_many_people_draws_and_chi_square_agree() -> None:
    found = made({(1, "a"): (300, 40), (1, "b"): (300, 52), (1, "c"): (300, 60)})
    assert found.df == 2
    assert found.p == pytest.approx(found.p_chi2, abs=0.015)


def test_a_condition_that_drives_people_out_is_found_and_an_equal_one_is_not() -> None:
    assert made({(n, g): (40, 9 if g == "a" else 1) for n in (1, 2, 3) for g in "ab"}).p < 0.001
    assert made({(n, g): (40, 3) for n in (1, 2, 3) for g in "ab"}).p > 0.9


@pytest.mark.parametrize(
    "counts,words",
    [
        ({(1, "a"): (5, 0), (1, "b"): (5, 0)}, "Nobody left"),
        ({(1, "a"): (5, 2)}, "fewer than two"),
        ({(1, "a"): (5, 2), (2, "b"): (5, 2)}, "same condition"),
    ],
)
def test_what_cannot_be_compared_is_said(counts: Counts, words: str) -> None:
    found = leaving_test(frame_of(counts), "condition", ["position"])
    assert isinstance(found, Undefined)
    assert words in found.reason


def test_each_condition_has_its_texts_and_its_leavers() -> None:
    a, b = leaving(frame_of(TWO), "condition")
    assert (a.group1, a.due, a.left, b.due, b.left) == ("a", 100, 3, 52, 11)
    assert b.share == pytest.approx(11 / 52)
