"""What R says of the published study's rows, within the tolerances that its golden file states.

The rows may not lie in every clone: ../golden/README.md says why, and where the same models are tested.
"""

import pytest
from scipy import stats

from app.analysis.statistics.agreement import alpha, component_icc, one_way_icc
from app.analysis.statistics.association import Cronbach, cronbach
from app.analysis.statistics.base import Undefined, groups
from app.analysis.statistics.contrasts import condition_model, contrasts
from app.analysis.statistics.cumulative import CumulativeModel, cumulative_model
from app.analysis.statistics.describe import fences, outlier_rows
from app.analysis.statistics.linear import LinearModel, linear_model
from app.analysis.statistics.mixed import MixedModel, mixed_condition_test, mixed_model
from tests.analysis.statistics.published import (
    CONDITIONS,
    CONSTRUCTS,
    LENGTH,
    OUTCOMES,
    close,
    compare,
    golden,
    needs_data,
    study,
)

pytestmark = needs_data
outcomes = pytest.mark.parametrize("outcome", OUTCOMES)
constructs = pytest.mark.parametrize("construct", CONSTRUCTS)
PAIR = {"group1": "", "group2": ""}


def test_cronbach() -> None:
    found = cronbach(study(), CONSTRUCTS)
    assert isinstance(found, Cronbach)
    compare(found, golden()["cronbach"], {"alpha": "raw_alpha", "alpha_std": "std_alpha"})


def test_outliers_are_the_same_rows() -> None:
    marked = outlier_rows(study(), "Quality")
    expected = golden()["outliers_quality"]
    assert [index + 1 for index in marked[marked].index] == expected["row_ids_1based"]
    for condition, values in groups(study(), "Quality").items():
        (row,) = [one for one in expected["by_model"] if one["model"] == condition]
        compare(fences(values), row, {name: name for name in ("n", "outliers", "q1", "q3", "lower", "upper")})


@pytest.mark.parametrize("variant", ["lm_quality", "lm_quality_all_rows", "lm_quality_exact_outliers"])
def test_linear_models(variant: str) -> None:
    rows = study() if variant == "lm_quality_all_rows" else study()[~outlier_rows(study(), "Quality")]
    found, expected = linear_model(rows, "Quality", [LENGTH]), golden()[variant]
    assert isinstance(found, LinearModel)
    names = ("n", "r2", "adj_r2", "F", "df1", "df2", "p", "sigma", "loglik", "aic", "bic")
    compare(found, expected, {name: name for name in names})
    for ours, theirs in zip(found.coefficients, expected["coefficients"], strict=True):
        assert theirs["term"].removeprefix("model") == ours.term
        fields = {"estimate": "estimate", "se": "se", "statistic": "t", "p": "p"}
        compare(ours, theirs, fields | {"low": "conf_low", "high": "conf_high"})


@pytest.mark.parametrize(
    "family,factors",
    [
        ("lmm_quality", ["participant", "question"]),
        ("lmm_quality_outliers_removed", ["participant", "question"]),
        ("lmm_quality_CASE_only", ["participant"]),
    ],
)
def test_linear_mixed_models(family: str, factors: list[str]) -> None:
    rows = study()[~outlier_rows(study(), "Quality")] if "removed" in family else study()
    found, expected = mixed_model(rows, "Quality", factors, [LENGTH]), golden()[family]
    assert isinstance(found, MixedModel)
    assert found.n == expected["n"]
    close(found.loglik, expected["loglik_reml"])
    for ours, theirs in zip(found.coefficients, expected["fixed"], strict=True):
        assert theirs["term"].removeprefix("model") == ours.term
        compare(ours, theirs, {"estimate": "estimate", "se": "se", "statistic": "t"}, 1e-5)
    names = {"rationale_id": "question", "CASE": "participant", "residual": "residual"}
    for name, variance in expected["variance"].items():
        close(found.variances[names[name]], variance, 1e-4)


def test_the_mixed_models_contrasts_and_likelihood_ratio() -> None:
    found = mixed_model(study(), "Quality", ["participant", "question"], [LENGTH])
    assert isinstance(found, MixedModel)
    for ours, theirs in zip(
        contrasts(found, CONDITIONS), golden()["lmm_quality"]["pairwise_asymptotic"], strict=True
    ):
        close(-ours.estimate, theirs["estimate_1_minus_2"], 1e-5)
        close(ours.se, theirs["se"], 1e-5)
        by_normal = float(2 * stats.norm.sf(abs(ours.statistic)))
        close(by_normal, theirs["p"], 1e-4)
        assert ours.df is not None
        assert 500 < ours.df < found.n  # so many that t is as good as normal
        assert by_normal < ours.p < 1.5 * by_normal
    test = mixed_condition_test(study(), "Quality", ["participant", "question"], [LENGTH])
    expected = golden()["lmm_quality"]["ml"]
    compare(test, expected, {"chi2": "lrt_model_chi2", "df": "df", "p": "p"}, 1e-7)


@constructs
def test_cumulative_link_mixed_models(construct: str) -> None:
    expected = golden()["clmm"][construct]
    found = condition_model(study(), construct, ["participant", "question"], [])
    assert not isinstance(found, Undefined)
    matches(found.model, expected, 1e-4)
    close(found.test.chi2, expected["lrt_model"]["chi2"], within=2e-4)
    close(found.test.p, expected["lrt_model"]["p"], 1e-4)
    close(found.model.deviations["participant"], expected["random_sd"]["CASEf"], within=1e-4)
    is_zero = expected["random_sd"]["RIDf"] < 1e-3
    assert found.model.at_zero == (("question",) if is_zero else ())
    close(found.model.deviations["question"], expected["random_sd"]["RIDf"], within=4e-4)
    if construct in golden()["clmm_tight"]:
        close(found.model.loglik, golden()["clmm_tight"][construct]["loglik"], within=1e-6)


@constructs
def test_cumulative_models_of_people_alone(construct: str) -> None:
    """R stopped short here: its log likelihood is up to 0.013 below the maximum, which ours must not be."""
    expected = golden()["clmm_CASE_only"][construct]
    found = cumulative_model(study(), construct, ["participant"])
    assert isinstance(found, CumulativeModel)
    assert found.loglik >= expected["loglik"]
    matches(found, expected, 0.02)


def matches(found: CumulativeModel, expected: dict[str, object], loglik: float) -> None:
    close(found.loglik, float(str(expected["loglik"])), within=loglik)
    rows = expected["coefficients"]
    assert isinstance(rows, list)
    for ours, theirs in zip(found.coefficients, rows, strict=True):
        assert theirs["term"].removeprefix("model") == ours.term
        close(ours.estimate, theirs["estimate"], within=max(1e-4, loglik / 20))
        close(ours.se, theirs["se"], max(1e-3, loglik / 10))


@outcomes
def test_krippendorffs_alpha(outcome: str) -> None:
    first = study().drop_duplicates(["participant", "question"])
    for family, rows, unit in (
        ("items_rationale_id_first", first, "question"),
        ("items_rationale_id_pooled", study(), "question"),
        ("items_participant", study(), "participant"),
    ):
        for level in ("nominal", "ordinal", "interval"):
            (expected,) = [
                one
                for one in golden()["krippendorff"][family]
                if (one["construct"], one["level"]) == (outcome, level)
            ]
            found = alpha(rows, outcome, [unit], level)
            assert not isinstance(found, Undefined)
            close(found.alpha, expected["alpha"], within=1e-12)
            assert found.n == round(expected["n_pairable"])
    nothing = alpha(study(), outcome, ["question", "condition"], "ordinal")
    assert isinstance(nothing, Undefined)
    assert "exactly once" in nothing.reason


@outcomes
def test_intraclass_correlations(outcome: str) -> None:
    expected = golden()["icc"][outcome]
    found = component_icc(study(), outcome)
    names = {
        "var_rater": "var_CASE",
        "var_item": "var_rationale_id",
        "var_residual": "var_residual",
        "icc_item_agreement": "icc_item_agreement",
        "icc_item_consistency": "icc_item_consistency",
        "icc_rater": "icc_rater",
    }
    compare(found, expected, names, 1e-4)
    for unit, family in (("question", "oneway_anova_item"), ("participant", "oneway_anova_rater")):
        fields = ("icc1", "n0", "msb", "msw", "F", "df1", "df2", "p")
        compare(one_way_icc(study(), outcome, unit), expected[family], {name: name for name in fields})
