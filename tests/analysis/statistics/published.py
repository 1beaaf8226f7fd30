"""The published study and what R says of it, where the folder with its data lies beside the checkout."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

DATA = Path(__file__).parents[4] / "shared" / "data"
CONSTRUCTS = ("Plausibility", "Understandability", "Completeness", "Satisfaction", "Contrastiveness")
OUTCOMES = (*CONSTRUCTS, "Quality")
CONDITIONS = ["CF:Unrevised", "MT:Unrevised", "MT+CF:Unrevised", "MT+CF:Revised"]
LENGTH = "rationale_length"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the published study's data are not here")


@cache
def golden() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "golden" / "study.json").read_text())
    return found


@cache
def study() -> pd.DataFrame:
    frame = pd.read_csv(DATA / "study.csv").rename(
        columns={"CASE": "participant", "rationale_id": "question"}
    )
    labels = frame["model"].str.replace("PosRationales", "Unrevised").str.replace("RevRationales", "Revised")
    frame["condition"] = pd.Categorical(labels, CONDITIONS)
    frame["Quality"] = frame[list(CONSTRUCTS)].sum(axis=1) / 5
    return frame


def of(family: str, **keys: str) -> dict[str, Any]:
    """The golden row with these keys."""
    (row,) = [one for one in golden()[family] if all(one[key] == value for key, value in keys.items())]
    assert isinstance(row, dict)
    return row


def close(found: object, expected: float, rel: float = 1e-9, within: float = 0) -> None:
    assert found == pytest.approx(expected, rel=rel, abs=within)


def compare(found: object, expected: dict[str, Any], names: dict[str, str], rel: float = 1e-9) -> None:
    """Each of our fields against R's; p-values below 1e-300 are not compared."""
    for ours, theirs in names.items():
        value = getattr(found, ours)
        if theirs.startswith("p") and abs(expected[theirs]) < 1e-300:
            assert value < 1e-300
        else:
            close(value, expected[theirs], rel)
