"""Leaving one out: in closed form as by hand, and against models that are fitted without it."""

import numpy as np
import pandas as pd
import pytest

from app.analysis.material import PERSON_CONDITION
from app.analysis.statistics import leave_one_out as module
from app.analysis.statistics.base import Undefined, conditions_of
from app.analysis.statistics.contrasts import contrasts
from app.analysis.statistics.leave_one_out import WithoutOne, leave_one_out, solved, without_rows
from app.analysis.statistics.mixed import MixedModel, mixed_model
from tests.analysis.statistics.made import make_ratings

FACTORS = ["participant", "question"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    made = make_ratings(5, people=16, questions=9, per_condition=2, effects=(0.0, 0.9, 0.2))
    return made.assign(**{PERSON_CONDITION: made["participant"] + made["condition"].astype(str)})


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> MixedModel:
    return fitted(frame)


def fitted(frame: pd.DataFrame, near: MixedModel | None = None) -> MixedModel:
    found = mixed_model(frame, "clarity", FACTORS, near=near)
    assert isinstance(found, MixedModel)
    return found


def left_out(frame: pd.DataFrame, model: MixedModel, unit: str) -> list[WithoutOne]:
    found = leave_one_out(frame, "clarity", model, [unit])[unit]
    assert isinstance(found, list)
    return found


def test_with_variances_held_it_is_generalised_least_squares_of_the_other_rows(
    frame: pd.DataFrame, model: MixedModel
) -> None:
    gone = np.flatnonzero(frame["participant"] == "p3")
    found = without_rows(solved(frame, "clarity", model), gone)
    rest = frame.drop(index=frame.index[gone])
    one = solved(rest, "clarity", model)
    information = one.matrix.T @ one.left
    expected = np.linalg.solve(information, one.matrix.T @ one.right)
    error = one.ratings - one.matrix @ expected
    scale = error @ one.inverse @ error / (len(rest) - len(expected))
    assert found is not None
    assert found[0] == pytest.approx(expected, rel=1e-9)
    assert found[1] == pytest.approx(scale * np.linalg.inv(information), rel=1e-8)


def test_with_nobody_gone_it_is_the_model_itself(frame: pd.DataFrame, model: MixedModel) -> None:
    found = without_rows(solved(frame, "clarity", model), np.zeros(0, np.intp))
    assert found is not None
    assert found[1] == pytest.approx(model.covariance, rel=1e-5)
    assert found[0] == pytest.approx([one.estimate for one in model.coefficients], abs=1e-6)


@pytest.mark.parametrize("unit", ["participant", "question"])
def test_what_is_told_is_that_of_models_fitted_without_one_from_the_start(
    frame: pd.DataFrame, model: MixedModel, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = conditions_of(frame)
    cold = {level: contrasts(fitted(frame[frame[unit] != level]), labels) for level in frame[unit].unique()}
    monkeypatch.setattr(module, "REFITTED", len(cold))
    for place, pair in enumerate(left_out(frame, model, unit)):
        mine = {level: found[place] for level, found in cold.items()}
        p_values = [one.p_holm for one in mine.values()]
        assert pair.left_out == len(cold)
        assert (pair.low, pair.high) == pytest.approx(
            (min(one.estimate for one in mine.values()), max(one.estimate for one in mine.values())), abs=1e-4
        )
        assert (pair.p_smallest, pair.p_largest) == pytest.approx((min(p_values), max(p_values)), abs=1e-4)
    monkeypatch.setattr(module, "REFITTED", 0)
    for place, pair in enumerate(left_out(frame, model, unit)):
        errors = contrasts(model, labels)[place].se
        found = [one[place].estimate for one in cold.values()]
        assert pair.low == pytest.approx(min(found), abs=0.2 * errors)
        assert pair.high == pytest.approx(max(found), abs=0.2 * errors)


def test_the_person_without_whom_a_pair_does_not_differ_is_named() -> None:
    """One person's ratings alone make the difference; the pair's p without them is what a fit gives."""
    frame = make_ratings(2, people=12, questions=8, per_condition=2, effects=(0.0, 0.0))
    loud = frame["participant"] == "p5"
    frame.loc[loud, "clarity"] = np.where(frame.loc[loud, "condition"] == "b", 30.0, 1.0)
    model = fitted(frame)
    [whole] = contrasts(model, conditions_of(frame))
    [pair] = left_out(frame, model, "participant")
    [cold] = contrasts(fitted(frame[~loud]), conditions_of(frame))
    assert whole.p_holm < 0.05 < cold.p_holm
    assert (pair.whose, pair.changing >= 1) == ("p5", True)
    assert pair.p_without == pytest.approx(cold.p_holm, abs=1e-4)
    assert pair.estimate_without == pytest.approx(cold.estimate, abs=1e-4)


def test_who_alone_rated_a_condition_cannot_be_left_out_and_of_many_ratings_nobody_is(
    frame: pd.DataFrame, model: MixedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = frame[(frame["condition"] != "c") | (frame["participant"] == "p3")]
    found = left_out(only, fitted(only), "participant")
    assert {one.left_out for one in found} == {only["participant"].nunique() - 1}
    monkeypatch.setattr(module, "MOST_ROWS", len(frame) - 1)
    refused = leave_one_out(frame, "clarity", model, ["participant"])
    assert isinstance(refused["participant"], Undefined)


def test_one_condition_has_no_pair_that_anybody_could_decide(frame: pd.DataFrame) -> None:
    alone = frame[frame["condition"] == "a"]
    found = leave_one_out(alone, "clarity", fitted(alone), ["participant"])
    assert found == {"participant": Undefined("There is one condition, so there is no pair to compare.")}
