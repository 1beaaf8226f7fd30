"""The cumulative link mixed model against quadrature, differences and statsmodels."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import integrate
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel

from app.analysis.statistics.base import Undefined, Vector
from app.analysis.statistics.crossed import crossed
from app.analysis.statistics.cumulative import CumulativeModel, cumulative_model
from app.analysis.statistics.design import design
from app.analysis.statistics.factorised import Factorised
from app.analysis.statistics.laplace import Laplace, Ordinal
from tests.analysis.statistics.made import make_ratings

FACTORS = ["participant", "question"]


def data_of(frame: pd.DataFrame, factors: list[str]) -> Ordinal:
    model = design(frame, with_intercept=False)
    categories = np.asarray(frame["clarity"], dtype=np.intp) - 1
    return Ordinal(categories=categories, count=5, matrix=model.matrix, factors=crossed(frame, factors))


@pytest.mark.parametrize("factors", [FACTORS, ["participant"], ["participant", "question", "pair"], []])
def test_the_gradient_is_that_of_the_value(factors: list[str]) -> None:
    frame = make_ratings(people=10)
    frame["pair"] = frame["participant"].astype(str) + frame["condition"].astype(str)
    laplace = Laplace(data_of(frame, factors))
    parameters = np.array([-2.1, -0.6, 0.5, 1.7, 0.4, -0.3, *[0.7, 1.1, 0.4][: len(factors)]])
    _, gradient = laplace.evaluate(parameters)
    for index in range(len(parameters)):
        step = np.zeros(len(parameters))
        step[index] = 1e-4
        difference = (laplace.evaluate(parameters + step)[0] - laplace.evaluate(parameters - step)[0]) / 2e-4
        assert gradient[index] == pytest.approx(difference, abs=2e-6)


def test_thresholds_that_do_not_increase_are_refused() -> None:
    laplace = Laplace(data_of(make_ratings(people=4), []))
    with pytest.raises(ValueError, match="increase"):
        laplace.evaluate(np.array([0.0, 0.0, 1.0, 2.0, 0.0, 0.0]))


@pytest.mark.parametrize(
    "factors",
    [
        ["participant"],
        FACTORS,
        ["participant", "question", "answer_correct"],
        ["participant", "pair"],
        ["participant", "question", "pair"],
        ["participant", "question", "text"],
        ["participant", "question", "text", "pair"],
    ],
)
@pytest.mark.parametrize("people", [6, 30])  # more texts than people, and fewer
def test_the_factorisation_is_the_dense_matrix(factors: list[str], people: int) -> None:
    frame = make_ratings(people=people, questions=14)
    frame["pair"] = frame["participant"].astype(str) + frame["condition"].astype(str)
    frame["text"] = frame["question"].astype(str) + frame["condition"].astype(str)
    groups = crossed(frame, factors)
    scales = np.array([0.8, 1.3, 0.5, 0.6])[: len(factors)]
    weights = np.random.default_rng(1).uniform(0.1, 1, len(frame))
    columns = [
        scale * (codes[:, None] == np.arange(size))
        for scale, codes, size in zip(scales, groups.codes, groups.sizes, strict=True)
    ]
    z = np.hstack(columns)
    dense = np.eye(groups.total) + z.T @ (weights[:, None] * z)
    solved = Factorised(groups, scales, weights)
    assert solved.log_determinant == pytest.approx(np.linalg.slogdet(dense)[1], rel=1e-12)
    right = np.random.default_rng(2).normal(size=(groups.total, 2))
    assert solved.solve(right) == pytest.approx(np.linalg.solve(dense, right), rel=1e-9)
    inverse = np.linalg.inv(dense)
    assert solved.leverages == pytest.approx(np.einsum("ij,jk,ik->i", z, inverse, z), rel=1e-9)
    rows = np.arange(len(frame))
    for factor, offset in enumerate(groups.offsets):
        reach = (z @ inverse)[rows, offset + groups.codes[factor]]
        assert solved.reaches[factor] == pytest.approx(reach, rel=1e-9)


def likelihood_of_person(values: Vector, etas: Vector, thresholds: Vector, effect: Vector) -> Vector:
    edges = np.concatenate([[-np.inf], thresholds, [np.inf]])
    total = np.ones_like(effect)
    for value, eta in zip(values, etas, strict=True):
        total *= expit(edges[int(value)] - eta - effect) - expit(edges[int(value) - 1] - eta - effect)
    return total


def test_laplace_is_close_to_the_integral_and_closer_with_more_ratings_of_a_person() -> None:
    """One random intercept: the likelihood is a product of integrals, each done by quadrature."""
    errors = []
    thresholds, sd = np.array([-2.0, -0.7, 0.4, 1.8]), 1.1
    for per_condition in (1, 4, 16):
        frame = make_ratings(people=5, questions=48, per_condition=per_condition)
        etas = {"a": 0.0, "b": 0.8, "c": -0.5}

        def integrand(x: float, group: pd.DataFrame, etas: dict[str, float] = etas) -> float:
            values = np.asarray(group["clarity"])
            fixed = np.array([etas[str(one)] for one in group["condition"]])
            density = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
            return float(likelihood_of_person(values, fixed, thresholds, np.array([sd * x]))[0] * density)

        exact = sum(
            np.log(integrate.quad(integrand, -9, 9, args=(group,), epsabs=0, limit=200)[0])
            for _, group in frame.groupby("participant")
        )
        laplace = Laplace(data_of(frame, ["participant"]))
        value, _ = laplace.evaluate(np.array([*thresholds, 0.8, -0.5, sd]))
        errors.append(abs(value - exact))
    assert errors[0] < 0.15
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.03


def test_crossed_effects_against_a_sum_over_a_grid() -> None:
    """Two people and two questions crossed: four integrals at once, by Gauss-Hermite over a full grid."""
    ratings = {("p0", "q0"): 2, ("p0", "q1"): 3, ("p1", "q0"): 4, ("p1", "q1"): 3}
    rows = [
        {"participant": person, "question": question, "condition": "a", "clarity": value}
        for (person, question), value in ratings.items()
        for _ in range(12)
    ]
    frame = pd.DataFrame(rows)
    frame["condition"] = pd.Categorical(frame["condition"])
    thresholds, person_sd, question_sd = np.array([-3.0, -1.0, 1.0, 3.0]), 0.5, 0.3
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    weights = weights / weights.sum()
    total: float = 0.0
    for index in product(range(24), repeat=4):
        p0, p1, q0, q1 = nodes[list(index)]
        weight = float(np.prod(weights[list(index)]))
        if weight < 1e-14:
            continue
        effects = {"p0": p0, "p1": p1, "q0": q0, "q1": q1}
        edges = np.concatenate([[-np.inf], thresholds, [np.inf]])
        log_value: float = 0.0
        for (person, question), value in ratings.items():
            eta = person_sd * effects[person] + question_sd * effects[question]
            log_value += 12 * float(np.log(expit(edges[value] - eta) - expit(edges[value - 1] - eta)))
        total += weight * float(np.exp(log_value))
    laplace = Laplace(data_of(frame, FACTORS))
    sds = {"participant": person_sd, "question": question_sd}
    scales = [sds[name] for name in laplace.data.factors.names]
    found, _ = laplace.evaluate(np.array([*thresholds, *scales]))
    assert found == pytest.approx(np.log(total), abs=0.01)


def test_without_random_effects_it_is_the_model_of_statsmodels() -> None:
    frame = make_ratings()
    found = cumulative_model(frame, "clarity", [])
    assert isinstance(found, CumulativeModel)
    x = design(frame, with_intercept=False).matrix
    fit = OrderedModel(np.asarray(frame["clarity"]), x, distr="logit").fit(
        method="bfgs", gtol=1e-6, disp=False, maxiter=500
    )
    thresholds = fit.model.transform_threshold_params(fit.params)[1:-1]
    assert found.loglik == pytest.approx(fit.llf, rel=1e-10)
    assert [one.estimate for one in found.coefficients] == pytest.approx(
        [*thresholds, *fit.params[:2]], abs=1e-5
    )
    assert [one.se for one in found.coefficients[4:]] == pytest.approx(list(fit.bse[:2]), rel=1e-4)


def test_no_point_around_the_fit_is_more_likely() -> None:
    frame = make_ratings(people=16)
    found = cumulative_model(frame, "clarity", FACTORS)
    assert isinstance(found, CumulativeModel)
    laplace = Laplace(data_of(frame, found_factors := list(found.fitted)))
    estimates = [one.estimate for one in found.coefficients]
    at = np.array([*estimates, *[found.deviations[name] for name in found_factors]])
    assert laplace.evaluate(at)[0] == pytest.approx(found.loglik, abs=1e-8)
    for seed in range(200):
        away = np.random.default_rng(seed).normal(0, 0.1, len(at))
        assert laplace.evaluate(at + away)[0] < found.loglik


def test_the_parameters_that_made_the_ratings_are_found_again() -> None:
    """Two hundred people; every estimate within three of its standard errors, averaged errors near none."""
    frame = make_ratings(7, people=200, questions=60, per_condition=4, effects=(0.0, 0.8, -0.5))
    found = cumulative_model(frame, "clarity", FACTORS)
    assert isinstance(found, CumulativeModel)
    truth = [-2.0, -0.7, 0.4, 1.8, 0.8, -0.5]
    for one, true in zip(found.coefficients, truth, strict=True):
        assert abs(one.estimate - true) < 3 * one.se
    assert found.deviations["participant"] == pytest.approx(1.0, abs=0.2)
    assert found.deviations["question"] == pytest.approx(0.6, abs=0.2)


def test_a_variance_of_zero_is_left_out_and_said() -> None:
    frame = make_ratings(5, people=30, questions=20, question_sd=0.0)
    found = cumulative_model(frame, "clarity", FACTORS)
    alone = cumulative_model(frame, "clarity", ["participant"])
    assert isinstance(found, CumulativeModel)
    assert isinstance(alone, CumulativeModel)
    if found.at_zero:
        assert found.deviations["question"] == 0
        assert found.loglik == pytest.approx(alone.loglik, abs=1e-6)
    else:
        assert found.loglik > alone.loglik


def test_a_condition_with_only_the_best_rating_has_no_odds_ratio() -> None:
    frame = make_ratings()
    frame.loc[frame["condition"] == "b", "clarity"] = 5
    assert isinstance(cumulative_model(frame, "clarity", FACTORS), Undefined)
