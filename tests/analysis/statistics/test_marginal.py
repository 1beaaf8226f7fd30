"""What the cumulative model says on the scale's points: against R, simulation and numerical derivatives."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from app.analysis.statistics.base import Undefined, Vector
from app.analysis.statistics.cumulative import CumulativeModel, cumulative_model
from app.analysis.statistics.linear import Coefficient
from app.analysis.statistics.marginal import expected_of, on_the_scale
from tests.analysis.statistics.made import make_ratings
from tests.analysis.statistics.test_golden import CROSSED, FOLDER, ratings

GOLDEN: dict[str, Any] = json.loads((FOLDER / "points.json").read_text())
LEVELS = np.arange(1.0, 6)
LABELS = ["a", "b", "c"]
THRESHOLDS = (-2.0, -0.7, 0.4, 1.8)


@pytest.mark.parametrize("outcome", ["clarity", "use"])
def test_without_random_effects_points_and_their_errors_are_those_of_emmeans(outcome: str) -> None:
    model, expected = fitted(outcome, []), GOLDEN[outcome]
    found = on_the_scale(model, LEVELS, LABELS)
    assert [one.estimate for one in found.means] == pytest.approx(expected["mean"], rel=1e-6)
    assert [one.se for one in found.means] == pytest.approx(expected["mean_se"], rel=1e-5)
    assert expected["pairs"] == [f"{one.group2} - {one.group1}" for one in found.differences]
    assert [one.estimate for one in found.differences] == pytest.approx(expected["difference"], rel=1e-5)
    assert [one.se for one in found.differences] == pytest.approx(expected["difference_se"], rel=1e-5)
    assert [one.estimate for one in found.probabilities] == pytest.approx(expected["probability"], rel=1e-5)
    assert [one.se for one in found.probabilities] == pytest.approx(expected["probability_se"], rel=1e-4)
    assert [one.term for one in found.probabilities] == list("12345") * 3


def fitted(outcome: str, factors: list[str]) -> CumulativeModel:
    model = cumulative_model(ratings(), outcome, factors)
    assert not isinstance(model, Undefined)
    return model


def model_of(
    slopes: Vector, deviations: dict[str, float], thresholds: Vector | None = None
) -> CumulativeModel:
    """As if it had been estimated, of three conditions."""
    estimates = [*(THRESHOLDS if thresholds is None else thresholds), *slopes]
    terms = ["1|2", "2|3", "3|4", "4|5", "b", "c"]
    count = len(terms) + len(deviations)
    return CumulativeModel(
        n=100,
        coefficients=tuple(
            Coefficient(term=term, estimate=one, se=0.1, statistic=0, p=1, low=0, high=0)
            for term, one in zip(terms, estimates, strict=True)
        ),
        covariance=np.eye(len(terms)) / 100,
        joint=np.eye(count) / 100,
        deviations=deviations,
        fitted=tuple(deviations),
        at_zero=(),
        loglik=0.0,
        thresholds=4,
    )


@pytest.mark.parametrize("deviations", [{"participant": 1.0, "question": 0.6}, {"participant": 6.0}])
def test_ratings_of_very_many_people_have_the_means_and_shares_that_are_said(
    deviations: dict[str, float],
) -> None:
    slopes, chance = np.array([0.8, -0.5]), np.random.default_rng(4)
    found = on_the_scale(model_of(slopes, deviations), LEVELS, LABELS)
    for number, label in enumerate(LABELS):
        eta = np.full(400_000, [0.0, *slopes][number])
        for deviation in deviations.values():
            eta += chance.normal(0, deviation, len(eta))
        given = 1 + np.searchsorted(THRESHOLDS, eta + chance.logistic(size=len(eta)))
        shares = np.bincount(given, minlength=6)[1:] / len(eta)
        said = [one.estimate for one in found.probabilities if one.group1 == label]
        assert said == pytest.approx(list(shares), abs=0.004)
        assert found.means[number].estimate == pytest.approx(float(given.mean()), abs=0.01)


def test_the_integral_is_exact_where_people_differ_as_much_as_a_model_may_say() -> None:
    """A far finer sum says the same."""
    model = model_of(np.array([0.0, 1.7]), {"participant": 10.0})
    z = np.linspace(-12, 12, 400_001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    below = [float(expit(edge - 1.7 - 10 * z) @ density) for edge in THRESHOLDS]
    expected = np.diff([0, *below, 1])
    assert expected_of(model, "c").probabilities == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("label", LABELS)
def test_derivatives_by_all_parameters_are_those_of_differences(label: str) -> None:
    at = np.array([*THRESHOLDS, 0.8, -0.5, 1.1, 0.7])

    def probabilities(parameters: Vector) -> Vector:
        deviations = {"participant": parameters[6], "question": parameters[7]}
        return expected_of(model_of(parameters[4:6], deviations, parameters[:4]), label).probabilities

    jacobian = expected_of(
        model_of(at[4:6], {"participant": at[6], "question": at[7]}, at[:4]), label
    ).jacobian
    for place in range(len(at)):
        step = np.zeros(len(at))
        step[place] = 1e-5
        numerical = (probabilities(at + step) - probabilities(at - step)) / 2e-5
        assert jacobian[:, place] == pytest.approx(numerical, abs=1e-9)


def test_people_who_differ_draw_means_together_and_the_errors_know_their_variance() -> None:
    model = fitted("clarity", CROSSED)
    found = on_the_scale(model, LEVELS, LABELS)
    of_one = on_the_scale(replace(model, fitted=(), joint=model.covariance), LEVELS, LABELS)
    for over_all, alone in zip(found.differences, of_one.differences, strict=True):
        assert 0 < over_all.estimate / alone.estimate < 1
    assert model.joint.shape == (6 + len(model.fitted),) * 2
    blind = model.joint.copy()
    blind[6:], blind[:, 6:] = 0, 0
    unaware = on_the_scale(replace(model, joint=blind), LEVELS, LABELS)
    assert all(a.se != b.se for a, b in zip(found.probabilities, unaware.probabilities, strict=True))


def test_intervals_of_means_and_probabilities_stay_within_their_bounds() -> None:
    model = model_of(np.array([7.0, -7.0]), {"participant": 0.5})
    found = on_the_scale(replace(model, joint=model.joint * 400), LEVELS, LABELS)
    assert all(1 < one.low < one.estimate < one.high < 5 for one in found.means)
    assert all(0 < one.low < one.estimate < one.high < 1 for one in found.probabilities)


def test_the_joint_covariance_is_that_of_the_information_whatever_the_columns_were_divided_by() -> None:
    frame = make_ratings(people=16)
    model = cumulative_model(frame, "clarity", ["participant"], ["explanation_length"])
    assert not isinstance(model, Undefined)
    rows = len(model.coefficients)
    assert np.array_equal(model.joint[:rows, :rows], model.covariance)
    assert np.sqrt(np.diag(model.joint))[:rows] == pytest.approx([one.se for one in model.coefficients])
