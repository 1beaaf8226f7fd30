"""The published experiment's figures against R, with and without the outliers that turn its conclusion."""

import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from app.results.statistics.base import Undefined, Vector
from app.results.statistics.describe import describe, fences, outlier_rows, shapiro
from app.results.statistics.experiment import anova, tukey
from tests.results.statistics.published import CONDITIONS, DATA, close, compare, needs_data

MODES = {"counterfactual-prefix": "CF", "task-prefix": "MT", "both": "MT+CF"}
DATA_KINDS = {"few-shot-positive-rationale": "Unrevised", "few-shot-revision": "Revised"}


@cache
def runs() -> pd.DataFrame:
    """MT and CF were analysed with unrevised data only; 46 runs remain."""
    frame = pd.read_csv(DATA / "experiment.csv")
    labels = frame["training_mode"].map(MODES) + ":" + frame["target_rationale"].map(DATA_KINDS)
    frame["model"] = labels
    frame["accuracy"] = frame["test accuracy"] * 100
    frame = frame[labels.isin(CONDITIONS) & frame["accuracy"].notna()].reset_index(drop=True)
    frame["cell"] = frame["model"].astype(str) + " " + frame["model_size"]
    return frame


@cache
def golden() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "golden" / "experiment.json").read_text())
    return found


def of_variant(variant: str) -> pd.DataFrame:
    frame = runs()
    return frame if variant == "all_runs" else frame[~outlier_rows(frame, "accuracy", "cell")]


def cell(frame: pd.DataFrame, one: dict[str, Any]) -> Vector:
    rows = frame[(frame["model"] == one["model"]) & (frame["model_size"] == one["model_size"])]
    return np.asarray(rows["accuracy"], dtype=np.float64)


@needs_data
def test_cells_and_outliers() -> None:
    assert len(runs()) == golden()["meta"]["n_kept_before_outlier_removal"]
    names = {name: name for name in ("n", "mean", "sd", "se", "median", "q1", "q3")}
    for one in golden()["cells_before"]:
        compare(describe(cell(runs(), one)), one, names)
        compare(fences(cell(runs(), one)), one, {"lower": "lower", "upper": "upper"})
    for one in golden()["cells_after"]:
        compare(describe(cell(of_variant("after"), one)), one, {n: n for n in names if n in one})
    marked = runs()[outlier_rows(runs(), "accuracy", "cell")]
    expected = {(one["model_size"], one["model"], one["run"]) for one in golden()["outliers"]}
    assert set(zip(marked["model_size"], marked["model"], marked["run"], strict=True)) == expected


@needs_data
@pytest.mark.parametrize("variant", ["after_outlier_removal", "all_runs"])
def test_variance_and_pairs(variant: str) -> None:
    frame, expected = of_variant(variant), golden()[variant]
    found = anova(frame, "accuracy", "model", "model_size")
    assert not isinstance(found, Undefined)
    for ours, theirs in zip(found.terms, expected["anova_type2"][:-1], strict=True):
        assert ours.term == theirs["term"]
        compare(ours, theirs, {name: name for name in ("ss", "df", "F", "p", "ges")})
    close(found.ss_error, expected["anova_type2"][-1]["ss"])
    for one in expected["shapiro"]:
        compare(shapiro(cell(frame, one)), one, {"W": "W", "p": "p"}, 1e-6)
    for size in ("220M", "770M"):
        groups = {model: cell(frame, {"model": model, "model_size": size}) for model in CONDITIONS}
        pairs = tukey(groups)
        assert not isinstance(pairs, Undefined)
        rows = [one for one in expected["tukey"] if one["model_size"] == size]
        for pair, row in zip(pairs, rows, strict=True):
            assert (pair.group1, pair.group2) == (row["group1"], row["group2"])
            close(pair.difference, row["diff_2_minus_1"])
            close(pair.low, row["lwr"], 1e-5, 1e-6)
            close(pair.high, row["upr"], 1e-5, 1e-6)
            close(pair.p, row["p_adj"], 0, 1e-9)


@needs_data
def test_the_conclusion_hangs_on_the_outliers() -> None:
    frames = (of_variant("all_runs"), of_variant("after"))
    with_all, without = (anova(frame, "accuracy", "model", "model_size") for frame in frames)
    assert not isinstance(with_all, Undefined)
    assert not isinstance(without, Undefined)
    assert with_all.terms[2].p > 0.7
    assert without.terms[2].p < 1e-6


def test_tukey_is_scipys() -> None:
    chance = np.random.default_rng(4)
    groups = {
        name: chance.normal(place, 1, size)
        for place, (name, size) in enumerate([("a", 5), ("b", 7), ("c", 4)])
    }
    found, library = tukey(groups), stats.tukey_hsd(*groups.values())
    assert not isinstance(found, Undefined)
    assert [one.p for one in found] == pytest.approx(
        [library.pvalue[i, j] for i, j in ((0, 1), (0, 2), (1, 2))]
    )
    limits = library.confidence_interval()
    assert found[0].high == pytest.approx(-limits.low[0, 1])


def test_odd_experiments_give_a_sentence() -> None:
    frame = pd.DataFrame({"y": [1.0, 2, 3, 4], "a": ["x", "x", "y", "y"], "b": ["u", "v", "u", "v"]})
    assert isinstance(anova(frame, "y", "a", "b"), Undefined)
    assert isinstance(anova(frame.assign(b="u"), "y", "a", "b"), Undefined)
    assert isinstance(tukey({"x": np.array([1.0]), "y": np.array([2.0])}), Undefined)
