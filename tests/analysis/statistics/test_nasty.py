"""Data on which models misbehave: what is fitted is what R fits, and what cannot be estimated is refused.

../golden/nasty.py makes the sets, ../golden/nasty.R asks R.
"""

import json
import re
from functools import cache
from typing import Any

import numpy as np
import pytest

from app.analysis.statistics.base import Undefined
from app.analysis.statistics.cumulative import CumulativeModel, cumulative_model
from app.analysis.statistics.linear import Coefficient
from app.analysis.statistics.mixed import MixedModel, mixed_condition_test, mixed_model
from tests.analysis.golden import nasty

SETS = list(nasty.WORLDS)
BELOW_R = 2e-6  # so far may a log likelihood stay behind R's
ALMOST_NONE = 0.05  # below this deviation ours may leave a factor out whose variance R puts beside zero

# What cannot be estimated from these data, and a part of the sentence that says so.
REFUSED_BY_BOTH = {
    "one person per condition": "participant",
    "one text per condition": "question",
    "one question": "only one question",
    "length is the condition": "explanation_length",
}
REFUSED_CUMULATIVE = REFUSED_BY_BOTH | {
    "questions that decide": "question",
    "people who never change": "participant",
    "people who never change within a condition": "pair",
    "a condition with only the lowest": "overlap",
    "a condition with only the highest": "overlap",
    "conditions without a category in common": "overlap",
    "conditions with one category in common": "overlap",
    "two categories, one rating each": "No participant has two ratings",
}
REFUSED_LINEAR = REFUSED_BY_BOTH | {
    "people who never change": "no error left",
    "people who never change within a condition": "no error left",
    "two categories, one rating each": "No participant has two ratings",
    "one rating each": "No participant has two ratings",
}
# R has no figures (a factor of two levels, or no standard errors), or they hang on how ratings are spread:
# to fit and to refuse are both right, but a refusal names what is the matter.
EITHER = {
    "one rating each": "No participant has two ratings",
    "two questions": "only two|two questions",
    "two people": "only two|two participants",
    "length follows the condition": "explanation_length",
}


@cache
def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((nasty.SETS.parent / "nasty.json").read_text(encoding="utf-8"))[name]
    return found


def test_what_lies_here_is_what_the_worlds_give() -> None:
    assert nasty.SETS.read_text(encoding="utf-8") == nasty.written()


@pytest.mark.parametrize("name", SETS)
def test_cumulative_models(name: str) -> None:
    frame, factors, covariates = nasty.read(name)
    found = cumulative_model(frame, "rating", factors, covariates)
    if is_refused(found, name, REFUSED_CUMULATIVE):
        return
    assert isinstance(found, CumulativeModel)
    known = expected(name)["cumulative"]
    assert known.get("se") or name in EITHER
    if "loglik" not in known:  # R's clmm takes no factor of two levels
        return
    best = max(known["loglik"], known["tight"])
    assert found.loglik > best - (1e-5 if leaves_out(found, known) else BELOW_R)
    assert found.loglik < best + 1e-3
    # R's order of factors with equally many levels is not the one in which it names them.
    ours, theirs = sorted(found.deviations.values()), sorted(known["random_sd"].values())
    assert ours == pytest.approx(theirs, rel=1e-3, abs=ALMOST_NONE)
    if None not in known["se"].values():
        is_close(found.coefficients, known, 0.06 if leaves_out(found, known) else 2e-3)


def leaves_out(found: CumulativeModel, known: dict[str, Any]) -> bool:
    """Whether R keeps a factor beside zero that ours leaves out: its standard errors then know of it."""
    return bool(found.at_zero) and any(1e-3 < one < ALMOST_NONE for one in known["random_sd"].values())


@pytest.mark.parametrize("name", SETS)
def test_linear_mixed_models(name: str) -> None:
    frame, factors, covariates = nasty.read(name)
    found = mixed_model(frame, "rating", factors, covariates)
    test = mixed_condition_test(frame, "rating", factors, covariates)
    if is_refused(found, name, REFUSED_LINEAR):
        assert isinstance(test, Undefined)
        return
    assert isinstance(found, MixedModel)
    known = expected(name)["linear"]
    assert found.n == expected(name)["n"]
    assert found.loglik == pytest.approx(known["loglik"], abs=BELOW_R)
    assert found.variances == pytest.approx(known["variances"], rel=1e-4, abs=1e-5)
    is_close(found.coefficients, known, 1e-4)
    if name == "one condition":
        assert isinstance(test, Undefined)
        return
    assert not isinstance(test, Undefined)
    assert test.chi2 == pytest.approx(2 * (known["ml"] - known["null"]), abs=4 * BELOW_R)
    assert test.df == known["satterthwaite"]["df1"]


def is_refused(found: object, name: str, refused: dict[str, str]) -> bool:
    """Whether it had to be, or may be, and is; the reason names what is the matter."""
    reason = refused.get(name) or (EITHER.get(name) if isinstance(found, Undefined) else None)
    if reason is None:
        return False
    assert isinstance(found, Undefined)
    assert re.search(reason, found.reason), found.reason
    return True


def is_close(found: tuple[Coefficient, ...], known: dict[str, Any], rel: float) -> None:
    """Estimates within a thousandth of a standard error, or R's own inner tolerance."""
    names = [one.term.replace("condition", "") for one in found]
    assert names == [name.removeprefix("condition") for name in known["estimate"]]
    se = np.array(list(known["se"].values()))
    ours = np.array([one.estimate for one in found])
    assert np.all(np.abs(ours - list(known["estimate"].values())) < np.maximum(rel * se, 1e-4))
    assert [one.se for one in found] == pytest.approx(se, rel=rel)
