"""Which intercepts the design asks for, and that outcomes fitted side by side are those fitted in turn."""

import dataclasses
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.analysis import side_by_side
from app.analysis.course import Course
from app.analysis.duration import expected_s, in_words
from app.analysis.fitting import answered, asked, questions_of
from app.analysis.material import PERSON_CONDITION, TEXT, Material, Origin, completed
from app.analysis.models import gated
from app.analysis.side_by_side import Here
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


def test_outcomes_fitted_side_by_side_are_those_fitted_in_turn() -> None:
    one = material(make_ratings(people=8, per_condition=2))
    questions = questions_of(one, {"all_rows": one.frame})
    told: list[tuple[int, int, str]] = []
    course = Course(total=4, tell=lambda *step: told.append(step), expected="about 2 minutes in all")
    in_turn = answered(asked(questions, Here(), course))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        at_once = answered(asked(questions, pool, Course()))
    assert list(at_once) == list(in_turn) == ["clarity", "use", "Quality"]
    assert numbers(at_once) == numbers(in_turn)
    assert told == [
        (0, 4, "Fitting models: clarity, use, Quality (about 2 minutes in all)"),
        (1, 4, "Fitting models: use, Quality (about 2 minutes in all)"),
        (2, 4, "Fitting models: Quality (about 2 minutes in all)"),
        (3, 4, "Putting tables together (about 2 minutes in all)"),
    ]


def test_few_ratings_are_not_worth_further_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert [side_by_side.processes_for(rows) for rows in (999, 1000)] == [1, 8]


def test_the_time_that_is_said_grows_with_models_and_shrinks_with_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.analysis.duration.evaluation_s", lambda _: 0.5)
    one = material(make_ratings(people=8, per_condition=2))
    once, twice = {"all_rows": one.frame}, {"all_rows": one.frame, "completers": one.frame}
    alone, of_two = expected_s(questions_of(one, once), 1), expected_s(questions_of(one, once), 2)
    both = expected_s(questions_of(one, twice), 1)
    simulated = 2 * 3 * 10  # of two constructs, three studies
    assert (alone, of_two, both) == (
        15 + 3 * 150 + simulated,
        15 + (3 * 150 + simulated) / 2,
        15 + 6 * 150 + simulated,
    )
    assert in_words(of_two) == "about 4 minutes in all"


def test_a_time_is_said_of_ratings_on_this_machine() -> None:
    one = material(make_ratings(people=8, per_condition=2))
    assert expected_s(questions_of(one, {"all_rows": one.frame}), 1) > 15
    same = one.frame.assign(clarity=3.0, use=3.0)
    assert expected_s(questions_of(one, {"all_rows": same}), 1) == 15
    assert in_words(15) == "less than a minute in all"


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
        statistic=2.5,
        df=None,
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
