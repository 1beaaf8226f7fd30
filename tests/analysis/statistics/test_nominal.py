"""Are odds proportional: thresholds by condition against R (../golden/nominal.R), differences and truth."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.analysis.statistics.base import Undefined, Vector
from app.analysis.statistics.crossed import crossed
from app.analysis.statistics.cumulative import CumulativeModel, cumulative_model
from app.analysis.statistics.laplace import Laplace
from app.analysis.statistics.likelihood_ratio import LikelihoodRatio
from app.analysis.statistics.nominal import (
    NO_BOUND,
    ByCondition,
    Thresholds,
    cut_differences,
    pair_shapes,
)
from app.analysis.statistics.proportional import NominalTest, nominal_test
from tests.analysis.statistics.made import make_ratings
from tests.analysis.statistics.published import CONSTRUCTS, DERIVED, counted
from tests.analysis.statistics.test_golden import ratings

KNOWN: dict[str, Any] = json.loads(DERIVED.with_name("nominal.json").read_text(encoding="utf-8"))


def shape_of(frame: pd.DataFrame, construct: str, *factors: str) -> NominalTest:
    model = cumulative_model(frame, construct, factors)
    assert isinstance(model, CumulativeModel)
    found = nominal_test(frame, construct, model)
    assert isinstance(found, NominalTest)
    return found


def by_condition(theirs: list[float], conditions: int) -> Vector:
    """R's thresholds are differences from the first condition's."""
    table = np.array(theirs).reshape(conditions, -1)
    table[1:] += table[0]
    return table.ravel()


@pytest.mark.parametrize("construct", ["clarity", "use"])
def test_without_random_effects_it_is_the_model_of_clm(construct: str) -> None:
    known, found = KNOWN["ratings"]["clm"][construct], shape_of(ratings(), construct)
    assert found.model.loglik == pytest.approx(known["loglik"], abs=1e-9)
    assert found.test.chi2 == pytest.approx(known["chi2"], abs=1e-8)
    assert found.test.df == known["df"]
    assert found.test.p == pytest.approx(known["p"], rel=1e-8)
    estimates = [one.estimate for one in found.model.coefficients]
    assert estimates == pytest.approx(by_condition(known["estimate"], 3), abs=1e-6)
    assert [-one.estimate for one in cut_differences(found.model)[:8]] == pytest.approx(
        known["estimate"][4:], abs=1e-6
    )
    assert [one.se for one in cut_differences(found.model)[:8]] == pytest.approx(known["se"][4:], rel=1e-6)
    assert found.unbounded == ""
    assert found.bounded is None


@pytest.mark.parametrize("construct", ["clarity", "use"])
def test_with_a_random_intercept_it_is_the_model_of_clmm2(construct: str) -> None:
    known, found = KNOWN["ratings"]["people"][construct], shape_of(ratings(), construct, "participant")
    assert found.model.loglik == pytest.approx(known["loglik"], abs=1e-6)
    assert found.test.chi2 == pytest.approx(2 * (known["loglik"] - known["null_loglik"]), abs=1e-5)
    assert found.model.deviations["participant"] == pytest.approx(known["sd"], rel=1e-3)
    estimates = [one.estimate for one in found.model.coefficients]
    assert estimates == pytest.approx(by_condition(known["estimate"], 3), abs=1e-3)


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_the_published_study_gets_the_p_value_of_clm(construct: str) -> None:
    known, found = KNOWN["published"]["clm"][construct], shape_of(counted(construct), construct)
    assert found.test.chi2 == pytest.approx(known["chi2"], abs=1e-4)
    assert found.test.df == known["df"]
    assert found.test.p == pytest.approx(known["p"], rel=1e-4)


def without(frame: pd.DataFrame, condition: str, *values: int) -> pd.DataFrame:
    return frame[~((frame["condition"] == condition) & frame["clarity"].isin(values))]


def test_a_threshold_without_a_bound_counts_at_its_limit_and_its_differences_are_refused() -> None:
    known, found = KNOWN["ratings"]["lacking"], shape_of(without(ratings(), "a", 1), "clarity")
    assert found.model.loglik == pytest.approx(known["loglik"], abs=1e-4)
    assert found.test.chi2 == pytest.approx(known["chi2"], abs=1e-4)
    assert found.test.df == known["df"]
    assert found.unbounded == (
        "Because nobody gave 1 in a, differences from there have no bound at the thresholds beyond, and no "
        "interval."
    )
    places = [(one.group1, one.group2, one.cut) for one in cut_differences(found.model)]
    assert ("a", "b", "1|2") not in places
    assert ("b", "c", "1|2") in places
    assert [one.df for one in pair_shapes(found.model)] == [2, 2, 3]


def test_beside_it_stands_the_test_of_the_thresholds_that_have_bounds() -> None:
    frame = without(ratings(), "a", 1)
    found = shape_of(frame, "clarity")
    merged = shape_of(frame.assign(clarity=frame["clarity"].clip(lower=2)), "clarity").test
    assert isinstance(found.bounded, LikelihoodRatio)
    assert found.bounded.chi2 == pytest.approx(merged.chi2, abs=1e-8)
    assert found.bounded.df == 4


def test_a_category_between_others_that_nobody_gave_leaves_both_its_thresholds_a_bound() -> None:
    frame = without(ratings(), "b", 3)
    found = shape_of(frame, "clarity")
    below, above = [one for one in cut_differences(found.model) if (one.group1, one.group2) == ("b", "c")][
        1:3
    ]
    assert (below.cut, above.cut) == ("2|3", "3|4")
    assert found.unbounded == ""
    shares = [np.mean(frame["clarity"][frame["condition"] == "c"] <= value) for value in (2, 3)]
    assert above.estimate - below.estimate == pytest.approx(
        -np.diff(np.log(np.array(shares) / (1 - np.array(shares))))[0]
    )


def test_fewer_than_two_thresholds_that_can_be_compared_are_refused_with_the_reason() -> None:
    frame = without(without(ratings(), "a", 1, 2), "b", 4, 5)
    model = cumulative_model(frame, "clarity", [])
    assert isinstance(model, CumulativeModel)
    found = nominal_test(frame, "clarity", model)
    assert isinstance(found, Undefined)
    assert found.reason.startswith(
        "Whether odds are proportional cannot be tested because nobody gave 1 or 2 in a, nor 4 or 5 in b:"
    )
    two = ratings().assign(clarity=(ratings()["clarity"] > 3).astype(float))
    model = cumulative_model(two, "clarity", [])
    assert isinstance(model, CumulativeModel)
    assert isinstance(nominal_test(two, "clarity", model), Undefined)


@pytest.mark.parametrize("factors", [[], ["participant", "question"]])
def test_the_gradient_is_that_of_the_value_where_thresholds_have_no_bound(factors: list[str]) -> None:
    frame = without(without(make_ratings(people=10), "a", 1), "b", 3)
    categories, groups = np.asarray(frame["clarity"], np.intp) - 1, np.asarray(frame["condition"].cat.codes)
    counts = np.zeros((3, 5), np.intp)
    np.add.at(counts, (groups, categories), 1)
    own = Thresholds(counts=counts)
    assert own.places.tolist() == [[NO_BOUND, 0, 1, 2], [3, 4, 4, 5], [6, 7, 8, 9]]
    data = ByCondition(
        categories=groups.astype(np.intp) * 6 + categories,
        count=17,
        matrix=np.zeros((len(frame), 0)),
        factors=crossed(frame, factors),
        own=own,
    )
    laplace = Laplace(data)
    thresholds = [-0.6, 0.5, 1.7, -2.1, -0.2, 1.8, -1.9, -0.5, 0.4, 2.0]
    parameters = np.array([*thresholds, *[0.7, 1.1][: len(factors)]])
    gradient = data.collected(laplace.evaluate(parameters)[1])
    for index in range(len(parameters)):
        step = np.zeros(len(parameters))
        step[index] = 1e-4
        difference = (laplace.evaluate(parameters + step)[0] - laplace.evaluate(parameters - step)[0]) / 2e-4
        assert gradient[index] == pytest.approx(difference, abs=2e-6)
    with pytest.raises(ValueError, match="increase"):
        laplace.evaluate(parameters[[1, 0, *range(2, len(parameters))]])


def test_differences_that_are_not_the_same_everywhere_are_found_again() -> None:
    """In b every middling rating is an extreme one: the difference grows along the scale."""
    frame = make_ratings(4, people=60, effects=(0.0, 0.0), per_condition=4)
    is_b = frame["condition"] == "b"
    frame["clarity"] = frame["clarity"].where(~is_b | (frame["clarity"] != 2), 1)
    frame["clarity"] = frame["clarity"].where(~is_b | (frame["clarity"] != 4) | (frame.index % 2 == 0), 5)
    found = shape_of(frame, "clarity", "participant", "question")
    assert found.test.p < 1e-3
    [pair] = pair_shapes(found.model)
    assert pair.p_holm == pair.p < 1e-3
    lowest, *_, highest = cut_differences(found.model)
    assert lowest.high < highest.low
