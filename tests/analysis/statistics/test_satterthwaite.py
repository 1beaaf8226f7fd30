"""t and F tests of small designs against R's lmerTest (../golden/satterthwaite.R)."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from app.analysis.statistics.base import conditions_of, outcome_rows
from app.analysis.statistics.contrasts import Contrast, condition_f, contrasts
from app.analysis.statistics.linear import Coefficient
from app.analysis.statistics.mixed import MixedModel, mixed_model
from app.analysis.statistics.satterthwaite import together
from tests.analysis.golden import nasty
from tests.analysis.statistics.made import make_ratings
from tests.analysis.statistics.test_golden import FOLDER, ratings

GOLDEN: dict[str, Any] = json.loads((FOLDER / "satterthwaite.json").read_text(encoding="utf-8"))


def modelled(name: str) -> tuple[MixedModel, list[str]]:
    if name == "ratings":
        factors = ["participant", "question", "text"]
        return fitted(ratings(), "Quality", factors, ["explanation_length"])
    frame, of, covariates = nasty.read(name)
    return fitted(frame, "rating", list(of), list(covariates))


def fitted(
    frame: pd.DataFrame, outcome: str, factors: list[str], covariates: list[str]
) -> tuple[MixedModel, list[str]]:
    found = mixed_model(frame, outcome, factors, covariates)
    assert isinstance(found, MixedModel)
    return found, conditions_of(outcome_rows(frame, outcome))


def figures(one: Coefficient | Contrast) -> list[float]:
    assert one.df is not None
    return [one.estimate, one.df, one.p, one.low, one.high]


def close_to(theirs: list[float]) -> object:
    """Differences of differences are what R has of the variances' likelihood."""
    return pytest.approx(theirs, rel=2e-4, abs=1e-6)


@pytest.mark.parametrize("name", GOLDEN)
def test_coefficients_pairs_and_conditions_are_those_of_lmer_test(name: str) -> None:
    found, labels = modelled(name)
    known = GOLDEN[name]
    for one, theirs in zip(found.coefficients, known["coefficients"].values(), strict=True):
        assert figures(one) == close_to(theirs)
    for pair, theirs in zip(contrasts(found, labels), known["pairs"], strict=True):
        assert figures(pair) == close_to(theirs)
    f = condition_f(found, labels)
    assert [f.df1, f.df2, f.F, f.p] == close_to(known["f"])


def test_no_condition_is_special_to_the_f_test() -> None:
    frame, factors, _ = nasty.read("empty cells")
    turned = frame.assign(condition=frame["condition"].cat.reorder_categories(["c", "a", "b"]))
    one, other = (condition_f(*fitted(rows, "rating", list(factors), [])) for rows in (frame, turned))
    assert (other.F, other.df2, other.p) == pytest.approx((one.F, one.df2, one.p), rel=1e-5)


def test_of_two_conditions_f_is_the_square_of_t() -> None:
    found, labels = fitted(make_ratings(2, people=8, effects=(0.0, 0.5)), "use", ["participant"], [])
    [pair], f = contrasts(found, labels), condition_f(found, labels)
    assert (f.F, f.df2, f.p) == pytest.approx((pair.statistic**2, pair.df, pair.p))


def test_without_variances_degrees_of_freedom_are_those_of_ordinary_regression() -> None:
    frame = make_ratings(2, people=8)
    found, labels = fitted(frame, "use", [], [])
    groups = [rows["use"] for _, rows in frame.groupby("condition", observed=True)]
    f, known = condition_f(found, labels), stats.f_oneway(*groups)
    assert f.df2 == pytest.approx(len(frame) - len(labels))
    assert (f.F, f.p) == pytest.approx((known.statistic, known.pvalue))


def test_an_f_of_few_degrees_of_freedom_has_at_least_two() -> None:
    assert together(np.array([1.5, 30.0])) == 2
    assert together(np.array([9.0, 9.0])) == 9
    assert 12 < together(np.array([10.0, 20.0])) < 14
