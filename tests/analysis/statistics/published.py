"""The published study and what R says of it.

What is derived from it lies in every clone (see ../golden/README.md); its rows, and what only they give, in a
folder beside the checkout where somebody has it.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

DATA = Path(__file__).parents[4] / "shared" / "data"
DERIVED = Path(__file__).parents[1] / "golden" / "published.json"
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
    return study_of(DATA / "study.csv")


def study_of(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path).rename(columns={"CASE": "participant", "rationale_id": "question"})
    labels = frame["model"].str.replace("PosRationales", "Unrevised").str.replace("RevRationales", "Revised")
    frame["condition"] = pd.Categorical(labels, CONDITIONS)
    frame["Quality"] = frame[list(CONSTRUCTS)].sum(axis=1) / 5
    return frame


@cache
def derived() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DERIVED.read_text(encoding="utf-8"))
    return found


@cache
def counted(outcome: str) -> pd.DataFrame:
    """The ratings of one outcome by condition, in no order: all that their counts say."""
    rows = [
        (condition, float(value) / (5 if outcome == "Quality" else 1))
        for condition, numbers in derived()["counts"]["of_conditions"][outcome].items()
        for value, number in numbers.items()
        for _ in range(number)
    ]
    frame = pd.DataFrame(rows, columns=["condition", outcome])
    return frame.assign(condition=pd.Categorical(frame["condition"], CONDITIONS))


def counted_pairs(a: str, b: str) -> pd.DataFrame:
    """The ratings of two constructs, side by side."""
    numbers = derived()["counts"]["of_pairs"][f"{a} {b}"]
    rows = [pair.split() for pair, number in numbers.items() for _ in range(number)]
    return pd.DataFrame(rows, columns=[a, b]).astype(float)


def of(family: str, **keys: str) -> dict[str, Any]:
    """The derived row with these keys."""
    (row,) = [one for one in derived()[family] if all(one[key] == value for key, value in keys.items())]
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
