"""Which intercepts the design asks for, and that outcomes fitted side by side are those fitted in turn."""

import dataclasses
import os
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.analysis import fitting
from app.analysis.fitting import answered, questions_of, silent
from app.analysis.material import PERSON_CONDITION, TEXT, Material, Origin, completed
from app.analysis.models import gated
from app.analysis.statistics.contrasts import Contrast
from app.analysis.tidy import Key, Statistic
from tests.analysis.statistics.made import make_ratings


def material(frame: pd.DataFrame) -> Material:
    labels = tuple(map(str, frame["condition"].cat.categories))
    return Material(
        frame=completed(frame, labels, ["clarity", "use"]),
        conditions=labels,
        constructs=("clarity", "use"),
        controls=(),
        origin=Origin(title="", version="", sha256="", software=""),
        scale=tuple("12345"),
    )


def test_the_design_alone_says_which_intercepts_a_model_has() -> None:
    several = make_ratings(people=12, questions=12, per_condition=3)
    assert material(several).factors == ("participant", "question", TEXT, PERSON_CONDITION)
    one_of_each = make_ratings(people=30, questions=8, per_condition=1)
    assert PERSON_CONDITION not in material(one_of_each).factors
    # Where a person sees one condition, person and person × condition are the same people.
    alone = several[several["condition"].cat.codes == several["participant"].str[1:].astype(int) % 3]
    assert PERSON_CONDITION not in material(alone).factors
    single = several.drop_duplicates("participant").drop_duplicates("question")
    assert material(single).factors == ()


def test_outcomes_fitted_side_by_side_are_those_fitted_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    one = material(make_ratings(people=8, per_condition=2))
    questions = questions_of(one, {"all_rows": one.frame})
    in_turn, told = answered(questions, silent), list[str]()
    monkeypatch.setattr(fitting, "SIDE_BY_SIDE", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    side_by_side = answered(questions, told.append)
    assert list(side_by_side) == list(in_turn) == ["clarity", "use", "Quality"]
    assert numbers(side_by_side) == numbers(in_turn)
    assert told[0] == "Fitting models of 3 outcomes, 2 at a time"
    assert told[-1].endswith("(3 of 3)")


def numbers(found: Any) -> Any:
    """Whatever is in a result, in a form that can be compared."""
    if dataclasses.is_dataclass(found):
        return [numbers(getattr(found, one.name)) for one in dataclasses.fields(found)]
    if isinstance(found, dict):
        return {key: numbers(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [numbers(one) for one in found]
    return found.tolist() if isinstance(found, np.ndarray) else found


@pytest.mark.parametrize("omnibus,expected", [(0.01, 0.03), (0.2, 0.2)])
def test_a_pair_passes_the_test_of_all_conditions_and_its_own(omnibus: float, expected: float) -> None:
    pair = Contrast(
        group1="a",
        group2="b",
        estimate=1.0,
        se=0.4,
        z=2.5,
        p=0.012,
        p_bonferroni=0.036,
        p_holm=0.03,
        low=0.2,
        high=1.8,
    )
    found = [
        one
        for one in gated(Key("clmm_contrasts", "all_rows", "use"), [pair], omnibus)
        if isinstance(one, Statistic)
    ]
    [gate] = [one for one in found if one.quantity == "p_gated"]
    assert (gate.value, gate.key.group1, gate.key.group2) == (expected, "a", "b")
