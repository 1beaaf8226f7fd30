"""Box's M, the multivariate Shapiro-Wilk and cumulative models without random effects, against R.

../golden/families.R asks R about ratings of our own and about the published study.
"""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.analysis.statistics.base import Undefined
from app.analysis.statistics.contrasts import ConditionTest, condition_model
from app.analysis.statistics.multivariate import box_m, multivariate_shapiro
from tests.analysis.statistics.published import (
    CONSTRUCTS,
    DERIVED,
    close,
    compare,
    counted,
    needs_data,
    study,
)
from tests.analysis.statistics.test_golden import ratings

BOTH = ("clarity", "use")
KNOWN: dict[str, Any] = json.loads(DERIVED.with_name("families.json").read_text(encoding="utf-8"))
JOINT = [
    pytest.param("ratings", id="ratings"),
    pytest.param("published", marks=needs_data, id="published"),
]


def data(source: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    return (ratings(), BOTH) if source == "ratings" else (study(), CONSTRUCTS)


@pytest.mark.parametrize("source", JOINT)
def test_box_m_is_rs(source: str) -> None:
    names = {name: name for name in ("chi2", "df", "p")}
    compare(box_m(*data(source)), KNOWN[source]["box_m"], names)


@pytest.mark.parametrize("source", JOINT)
def test_the_multivariate_shapiro_wilk_is_rs(source: str) -> None:
    found = multivariate_shapiro(*data(source))
    compare(found, KNOWN[source]["shapiro"], {"W": "W"}, 1e-8)
    compare(found, KNOWN[source]["shapiro"], {"p": "p"}, 1e-6)


@pytest.mark.parametrize(
    "source,construct", [*(("ratings", one) for one in BOTH), *(("published", one) for one in CONSTRUCTS)]
)
def test_cumulative_models_without_random_effects_are_rs(source: str, construct: str) -> None:
    """Of the published study, the counts of ratings are all that this model needs."""
    frame = ratings() if source == "ratings" else counted(construct)
    known = KNOWN[source]["clm"][construct]
    found = condition_model(frame, construct, (), ())
    assert isinstance(found, ConditionTest)
    coefficients = found.model.coefficients
    assert [one.estimate for one in coefficients] == pytest.approx(known["estimate"], abs=1e-5)
    assert [one.se for one in coefficients] == pytest.approx(known["se"], rel=1e-5)
    close(found.model.loglik, known["loglik"])
    assert found.test.df == known["df"]
    close(found.test.chi2, known["chi2"], 1e-8)
    close(found.test.p, known["p"], 1e-8)


def test_what_has_no_covariances_is_refused_in_words() -> None:
    frame = ratings()
    same = frame.assign(use=frame["clarity"] * 2)
    flat = frame.assign(use=frame["use"].where(frame["condition"] != "b", 3))
    few = pd.concat([frame[frame["condition"] != "b"], frame[frame["condition"] == "b"][:2]])
    for wrong, constructs, reason in (
        (same, BOTH, "a: its 90 responses"),
        (flat, BOTH, "b: its 90 responses"),
        (few, BOTH, "b: its 2 responses"),
        (frame, BOTH[:1], "one construct"),
        (frame[frame["condition"] == "a"], BOTH, "fewer than two conditions"),
        (frame.assign(use=np.nan), BOTH, "fewer than two conditions"),
    ):
        found = box_m(wrong, constructs)
        assert isinstance(found, Undefined)
        assert reason in found.reason
    for wrong, constructs in ((same, BOTH), (frame, BOTH[:1]), (frame[:2], BOTH)):
        found_too = multivariate_shapiro(wrong, constructs)
        assert isinstance(found_too, Undefined)
        assert "cannot be tested" in found_too.reason
