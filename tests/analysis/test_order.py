"""What came before a rating, and where people left."""

import numpy as np
import pandas as pd
import pytest
from sqlalchemy.orm import Session

from app.analysis.due import COLUMNS
from app.analysis.from_study import read_study
from app.analysis.material import Material, Origin, completed
from app.analysis.order import leavings, order_models, previous_condition, with_order
from app.analysis.report.words import leaving, methods
from app.analysis.tidy import Statistic
from tests.analysis.statistics.made import make_ratings
from tests.analysis.studies import make_first, take_part


def as_material(frame: pd.DataFrame) -> Material:
    return Material(
        frame=completed(frame, ("a", "b", "c"), ("clarity", "use")),
        conditions=("a", "b", "c"),
        constructs=("clarity", "use"),
        controls=(),
        origin=Origin(title="A study", version="1", sha256="", software="test"),
        scale=tuple("12345"),
    )


def ordered(seed: int = 1) -> pd.DataFrame:
    frame = make_ratings(seed, effects=(0.0, 0.0, 0.0)).sample(frac=1, random_state=seed)
    return frame.assign(position=frame.groupby("participant").cumcount() + 1)


def test_the_previous_condition_is_the_one_a_person_rated_just_before() -> None:
    frame = ordered()
    before = previous_condition(frame)
    assert before.isna().sum() == frame["participant"].nunique()
    for _, rows in frame.groupby("participant"):
        in_order = rows.sort_values("position")
        assert list(before[in_order.index])[1:] == list(in_order["condition"])[:-1]
    rows, covariates = with_order(frame)
    assert covariates == ["position", "after a", "after b", "after c"]
    assert list(rows["after b"]) == list((before == "b").astype(float))


def test_where_each_person_rates_one_condition_position_alone_is_left() -> None:
    frame = ordered()
    alone = frame[frame["condition"] == "b"]
    assert with_order(alone)[1] == ["position"]


def test_of_two_places_what_came_before_says_which_it_is() -> None:
    frame = ordered()
    assert with_order(frame[frame["position"] <= 2])[1] == ["after a", "after b", "after c"]
    assert with_order(frame[frame["position"] <= 3])[1][0] == "position"


def test_the_models_find_what_the_condition_before_did() -> None:
    frame = ordered(3)
    noise = np.random.default_rng(3).normal(0, 0.5, len(frame))
    carried = (previous_condition(frame) == "b").astype(float)
    frame["clarity"] = 3 + 1.5 * carried - 0.2 * frame["position"] + noise
    frame["use"] = 3 + noise
    frame["Quality"] = (frame["clarity"] + frame["use"]) / 2
    values = {
        (one.key.analysis, one.key.construct, one.key.term, one.quantity): one.value
        for one in order_models(as_material(frame))
        if isinstance(one, Statistic)
    }
    names = ("mixed_model_order", "clarity")
    effect = values[*names, "after b", "estimate"] - values[*names, "after a", "estimate"]
    assert effect == pytest.approx(1.5, abs=0.25)
    assert values[*names, "position", "estimate"] == pytest.approx(-0.2, abs=0.06)
    tests = ("mixed_model_order_test", "clarity")
    assert values[*tests, "order", "p"] < 1e-6
    assert values[*tests, "order", "df"] == 4
    assert values[*tests, "condition, given the order", "df"] == 2
    assert values["mixed_model_order_test", "use", "order", "p"] > 0.01
    assert ("mixed_model_order_test", "Quality", "order", "p") in values


def test_who_dropped_out_left_at_the_first_text_that_was_not_rated(session: Session) -> None:
    make_first(session)
    take_part(session, "done")
    take_part(session, "gone", status="dropped", values=(1, 2))
    take_part(session, "at the end", status="dropped")
    take_part(session, "here", status="active", values=(1,))
    take_part(session, "out", status="excluded", values=(1, 2, 3))
    take_part(session, "withdrawn", status="withdrawn", values=(1,))
    material = read_study(session, "small", "test")
    assert material.due is not None
    assert tuple(material.due.columns) == COLUMNS
    assert dict(material.due.groupby("participant").size()) == {
        "done": 4,
        "gone": 3,
        "at the end": 4,
        "here": 1,
        "out": 3,
    }
    [left] = material.due[material.due["left"]].to_dict("records")
    assert (left["participant"], left["position"], left["condition"], left["previous"]) == (
        "gone",
        3,
        "One",
        "Two",
    )
    found = list(leavings(material.due))
    told = " ".join(leaving(found))
    assert told == ""  # at the third place everybody saw the same condition
    assert "Leaving was tested by Mantel's test" in " ".join(methods(material, found))


def test_a_test_of_leaving_is_told_with_what_it_cannot_show() -> None:
    due = pd.DataFrame(
        {
            "version": 1,
            "position": 1,
            "condition": ["A"] * 9 + ["B"] * 9,
            "previous": None,
            "left": [True] * 4 + [False] * 14,
        }
    )
    [told] = leaving(list(leavings(due)))
    assert told.startswith("4 of the people who dropped out left at a text.")
    assert "by the condition of the text that was due p = " in told
    assert "the text rated last" not in told
