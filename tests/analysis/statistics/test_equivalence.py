"""Two one-sided tests, against the normal table and the interval that they are the same as."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.analysis.statistics.base import holm
from app.analysis.statistics.contrasts import Contrast
from app.analysis.statistics.equivalence import equivalence


def contrast(estimate: float, se: float, group2: str = "b", df: float | None = None) -> Contrast:
    p = float(2 * stats.norm.sf(abs(estimate / se)))
    return Contrast(
        group1="a",
        group2=group2,
        estimate=estimate,
        se=se,
        statistic=estimate / se,
        df=df,
        p=p,
        p_bonferroni=p,
        p_holm=p,
        low=estimate - 1.96 * se,
        high=estimate + 1.96 * se,
    )


def test_the_one_sided_tests_are_those_of_the_normal_table() -> None:
    """A difference of .1 with a standard error of .2 and bounds of ±.5: z = 3 and -2."""
    [one] = equivalence([contrast(0.1, 0.2)], 0.5)
    assert one.p_lower == pytest.approx(0.00135, abs=1e-5)
    assert one.p_upper == pytest.approx(0.02275, abs=1e-5)
    assert (one.p_tost, one.bound) == (one.p_upper, 0.5)
    assert (one.low90, one.high90) == pytest.approx((0.1 - 1.6449 * 0.2, 0.1 + 1.6449 * 0.2), abs=1e-4)


def test_a_pair_with_degrees_of_freedom_is_held_against_students_table() -> None:
    """With 10 degrees of freedom one in twenty is above 1.812."""
    [one] = equivalence([contrast(0.0, 0.2, df=10.0)], 0.2 * 1.8125)
    assert (one.p_lower, one.p_upper) == pytest.approx((0.05, 0.05), abs=1e-4)
    assert (one.low90, one.high90) == pytest.approx((-one.bound, one.bound), abs=1e-4)


@given(st.floats(-2, 2), st.floats(0.05, 1), st.floats(0.1, 2))
def test_a_pair_is_equivalent_exactly_where_its_interval_lies_within_the_bounds(
    estimate: float, se: float, bound: float
) -> None:
    [one] = equivalence([contrast(estimate, se)], bound)
    inside = min(one.low90 + bound, bound - one.high90)
    if abs(inside) > 1e-9:
        assert (one.p_tost < 0.05) is (inside > 0)
    [mirrored] = equivalence([contrast(-estimate, se)], bound)
    assert mirrored.p_tost == pytest.approx(one.p_tost, abs=1e-12)


def test_pairs_are_corrected_together_and_none_gives_none() -> None:
    found = equivalence([contrast(0.0, 0.2), contrast(0.1, 0.25, "c"), contrast(0.4, 0.2, "d")], 0.5)
    assert [one.p_holm for one in found] == holm([one.p_tost for one in found])
    assert found[1].p_holm > found[1].p_tost
    assert equivalence([], 0.5) == []


def test_at_the_bound_one_in_twenty_is_called_equivalent() -> None:
    chance = np.random.default_rng(1)
    drawn = chance.normal(0.5, 0.1, 4_000)
    share = np.mean([equivalence([contrast(float(one), 0.1)], 0.5)[0].p_tost < 0.05 for one in drawn])
    assert 0.04 < share < 0.06
