"""Descriptive figures and outliers of the published experiment's runs against R."""

import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.analysis.statistics.base import Vector
from app.analysis.statistics.describe import describe, fences, outlier_rows, shapiro
from tests.analysis.statistics.published import CONDITIONS, DATA, compare, needs_data

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
def test_normality_of_cells(variant: str) -> None:
    for one in golden()[variant]["shapiro"]:
        compare(shapiro(cell(of_variant(variant), one)), one, {"W": "W", "p": "p"}, 1e-6)
