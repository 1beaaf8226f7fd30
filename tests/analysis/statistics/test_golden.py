"""Our own made-up ratings against R (golden/ratings.R), and the cumulative model against dense matrices."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from scipy.special import expit

from app.analysis.statistics.association import Correlation, correlate
from app.analysis.statistics.base import Undefined, Vector, groups
from app.analysis.statistics.cumulative import CumulativeModel, cumulative_model
from app.analysis.statistics.describe import Description, Shapiro, describe, levene, shapiro
from app.analysis.statistics.effects import superiority
from app.analysis.statistics.linear import LinearModel, linear_model
from app.analysis.statistics.mixed import MixedModel, mixed_model
from app.analysis.statistics.paired import Friedman, paired
from app.analysis.statistics.ranks import kruskal
from tests.analysis.statistics.made import make_ratings

FOLDER = Path(__file__).parents[1] / "golden"
GOLDEN: dict[str, Any] = json.loads((FOLDER / "ratings.json").read_text())
CROSSED = ["participant", "question"]


def ratings() -> pd.DataFrame:
    frame = pd.read_csv(FOLDER / "ratings.csv")
    frame["condition"] = pd.Categorical(frame["condition"], ["a", "b", "c"])
    frame["text"] = frame["question"] + frame["condition"].astype(str)
    frame["pair"] = frame["participant"] + frame["condition"].astype(str)
    return frame


def test_the_file_is_what_the_factory_makes() -> None:
    made = make_ratings(20, people=30, questions=12, per_condition=3)
    assert ratings()["clarity"].tolist() == made["clarity"].tolist()


@pytest.mark.parametrize("outcome", ["clarity", "use", "Quality"])
def test_simple_statistics_are_those_of_r(outcome: str) -> None:
    frame, golden = ratings(), GOLDEN[outcome]
    values = groups(frame, outcome)
    described, normal = describe(values["b"]), shapiro(values["a"])
    assert isinstance(described, Description)
    assert isinstance(normal, Shapiro)
    assert [described.q1, described.median, described.q3] == golden["quartiles"]
    assert described.sd == pytest.approx(golden["sd"], rel=1e-12)
    assert [normal.W, normal.p] == pytest.approx(golden["shapiro"], rel=1e-6)
    ranks, spread, effects = (
        kruskal(frame, outcome),
        levene(groups(frame, outcome).values()),
        superiority(frame, outcome),
    )
    assert not isinstance(ranks, Undefined)
    assert not isinstance(spread, Undefined)
    assert not isinstance(effects, Undefined)
    assert [ranks.H, ranks.p] == pytest.approx(golden["kruskal"], rel=1e-9)
    assert [spread.F, spread.p] == pytest.approx(golden["levene"], rel=1e-9)
    assert [effects[0].U, effects[0].p] == pytest.approx(golden["mannwhitney"], rel=1e-9)


@pytest.mark.parametrize("outcome", ["clarity", "use", "Quality"])
def test_paired_tests_are_those_of_r(outcome: str) -> None:
    found = paired(ratings(), outcome)
    assert not isinstance(found, Undefined)
    assert isinstance(found.friedman, Friedman)
    assert (found.friedman.n, found.friedman.dropped) == (30, 0)
    assert [found.friedman.chi2, found.friedman.p] == pytest.approx(GOLDEN[outcome]["friedman"], rel=1e-9)
    first = found.wilcoxon[0]
    assert [first.statistic, first.p] == pytest.approx(GOLDEN[outcome]["wilcoxon"], rel=1e-9)


def test_spearman_and_the_linear_model_are_those_of_r() -> None:
    found = correlate(ratings(), "clarity", "use")
    assert isinstance(found, Correlation)
    assert [found.rho, found.rho_p] == pytest.approx(GOLDEN["spearman"], rel=1e-9)
    fit = linear_model(ratings(), "Quality", ["explanation_length"])
    assert isinstance(fit, LinearModel)
    assert [one.estimate for one in fit.coefficients] == pytest.approx(GOLDEN["lm"]["estimate"], rel=1e-9)
    assert [one.se for one in fit.coefficients] == pytest.approx(GOLDEN["lm"]["se"], rel=1e-9)
    assert [fit.aic, fit.bic] == pytest.approx([GOLDEN["lm"]["aic"], GOLDEN["lm"]["bic"]], rel=1e-9)


def test_mixed_models_with_texts_with_pairs_and_by_maximum_likelihood_are_those_of_lme4() -> None:
    frame = ratings()
    fits = {
        "mixed": mixed_model(frame, "Quality", [*CROSSED, "text"], ["explanation_length"]),
        "mixed_pair": mixed_model(frame, "clarity", [*CROSSED, "pair"]),
        "mixed_ml": mixed_model(frame, "clarity", CROSSED, method="ML"),
    }
    for name, fit in fits.items():
        golden = GOLDEN[name]
        assert isinstance(fit, MixedModel)
        assert [one.estimate for one in fit.coefficients] == pytest.approx(golden["estimate"], rel=1e-5)
        assert [one.se for one in fit.coefficients] == pytest.approx(golden["se"], rel=1e-5)
        assert fit.loglik == pytest.approx(golden["loglik"], rel=1e-9)
        assert fit.variances == pytest.approx(golden["variances"], rel=1e-4, abs=1e-9)
        assert fit.at_zero == (("pair",) if name == "mixed_pair" else ())


def dense_laplace(frame: pd.DataFrame, parameters: Vector) -> float:
    """The same approximation written out: a general optimiser for the mode, the whole matrix for H."""
    edges = np.concatenate([[-np.inf], parameters[:4], [np.inf]])
    y = frame["clarity"].to_numpy()
    codes = frame["condition"].cat.codes.to_numpy()
    fixed = np.concatenate([[0.0], parameters[4:6]])[codes]
    z = np.hstack(
        [
            scale * pd.get_dummies(frame[name]).to_numpy(np.float64)
            for name, scale in zip(CROSSED, parameters[6:], strict=True)
        ]
    )

    def minus(u: Vector) -> float:
        eta = fixed + z @ u
        return float(-np.log(expit(edges[y] - eta) - expit(edges[y - 1] - eta)).sum() + u @ u / 2)

    mode = optimize.minimize(minus, np.zeros(z.shape[1]), method="BFGS", options={"gtol": 1e-4}).x
    eta = fixed + z @ mode
    above, below = expit(edges[y] - eta), expit(edges[y - 1] - eta)
    weights = above * (1 - above) + below * (1 - below)
    return -minus(mode) - float(np.linalg.slogdet(np.eye(z.shape[1]) + z.T @ (weights[:, None] * z))[1]) / 2


def test_the_cumulative_model_is_the_dense_one() -> None:
    frame = ratings()
    found = cumulative_model(frame, "clarity", CROSSED)
    assert isinstance(found, CumulativeModel)
    at = np.array(
        [
            *[one.estimate for one in found.coefficients],
            *[found.deviations[name] for name in CROSSED],
        ]
    )
    assert found.loglik == pytest.approx(dense_laplace(frame, at), abs=1e-5)
    for index in range(len(at)):
        for sign in (-0.1, 0.1):
            away = at.copy()
            away[index] += sign
            assert dense_laplace(frame, away) < found.loglik
