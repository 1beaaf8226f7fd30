"""Planning: what is simulated, what its power is where it can be known, and how numbers are asked for."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from app.analysis.power import (
    Decision,
    Model,
    Power,
    World,
    counts,
    curve,
    decide,
    power_at,
    read_thresholds,
    simulate,
    smallest,
)
from app.analysis.statistics.contrasts import Contrast
from app.cli import cli
from app.errors import Invalid


def test_everybody_rates_every_condition_equally_often_and_no_question_twice() -> None:
    frame = simulate(World(items=2, questions=30), 25, np.random.default_rng(1))
    assert len(frame) == 25 * 8
    assert set(frame.groupby(["participant", "condition"], observed=True).size()) == {2}
    assert not frame.duplicated(["participant", "question"]).any()
    assert set(frame["construct 1"]) <= {1.0, 2.0, 3.0, 4.0, 5.0}


def test_the_shares_of_ratings_are_the_models() -> None:
    """Without any deviations the thresholds are logits of the shares."""
    world = World(effect=1.0, person_sd=0, question_sd=0)
    frame = simulate(world, 4000, np.random.default_rng(2))
    for number, shift in enumerate((0.0, 1.0, 0.0, 0.0)):
        ratings = frame.loc[frame["condition"] == f"condition {number + 1}", "construct 1"]
        share = float((ratings <= 4).mean())
        assert share == pytest.approx(float(stats.logistic.cdf(0.81 - shift)), abs=0.015)


def test_of_people_who_leave_the_first_items_are_there_and_of_one_condition_where_it_is_between() -> None:
    frame = simulate(World(items=4, drop_out=0.5, is_between=True), 400, np.random.default_rng(3))
    people = frame.groupby("participant")
    assert set(people["condition"].nunique()) == {1}
    counts_of = frame.groupby("condition", observed=True)["participant"].nunique()
    assert counts_of.min() > 80
    sizes = people.size()
    assert 0.4 < float((sizes < 4).mean() + (400 - len(sizes)) / 400) < 0.6
    assert set(sizes) == {1, 2, 3, 4}


def test_a_person_thinks_of_a_condition_in_one_way_in_all_constructs() -> None:
    world = World(items=8, pair_sd=6.0, person_sd=0, question_sd=0, constructs=2, thresholds=(0.0,))
    frame = simulate(world, 60, np.random.default_rng(4))
    means = frame.groupby(["participant", "condition"], observed=True)[["construct 1", "construct 2"]].mean()
    assert float(means["construct 1"].corr(means["construct 2"])) > 0.8
    assert float(means["construct 1"].std()) > 0.35


def test_a_report_decides_with_holms_correction_and_calls_no_pair_different_without_a_difference() -> None:
    frame = simulate(
        World(conditions=3, items=2, questions=12, effect=3.0, constructs=2), 20, np.random.default_rng(1)
    )
    found = decide(frame, ("construct 1", "construct 2"), "mixed")
    alone = decide(frame, ("construct 1",), "mixed")["construct 1"]
    assert found["construct 1"].p_holm == pytest.approx(2 * alone.p_holm)
    assert found["construct 1"].is_pair
    assert not Decision(p_holm=0.2, pairs=alone.pairs).is_pair
    others = [one for one in alone.pairs if "condition 2" not in (one.group1, one.group2)]
    assert not Decision(p_holm=0.001, pairs=[replace(one, p_holm=0.001) for one in others]).is_pair


Fixed = Callable[..., None]


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> Fixed:
    """What each simulated study finds in turn: p-values by construct, and of the pair that differs."""

    def give(*studies: dict[str, float], pair: float = 1.0) -> None:
        left = list(studies)

        def decided(_: pd.DataFrame, _names: tuple[str, ...], _model: str) -> dict[str, Decision]:
            return {
                name: Decision(p_holm=p, pairs=[contrast_at("condition 2", pair)])
                for name, p in left.pop(0).items()
            }

        monkeypatch.setattr("app.analysis.power.decide", decided)

    return give


def contrast_at(second: str, p: float) -> Contrast:
    return Contrast(
        group1="condition 1",
        group2=second,
        estimate=1.0,
        se=1.0,
        statistic=1.0,
        df=None,
        p=p,
        p_bonferroni=p,
        p_holm=p,
        low=0.0,
        high=2.0,
    )


TINY = World(conditions=2, items=1, questions=4, constructs=2)


def test_a_study_counts_as_a_difference_exactly_below_the_level_and_one_without_a_test_as_none(
    fixed: Fixed,
) -> None:
    first = TINY.names[0]
    fixed({first: 0.0499}, {first: 0.05}, {}, {first: 0.9}, {first: 0.001}, pair=0.0499)
    found = power_at(TINY, 4, 5, "mixed", 1)
    assert (found.power, found.pairs, found.any_claim, found.failed) == (0.4, 0.4, 0.4, 1)
    limits = stats.binomtest(2, 5).proportion_ci(method="wilson")
    assert (found.low, found.high) == (limits.low, limits.high)


def test_a_claim_of_another_construct_is_no_power_and_a_pair_at_the_level_is_none(fixed: Fixed) -> None:
    first, second = TINY.names
    fixed({first: 0.2, second: 0.01}, {first: 0.01, second: 0.2}, pair=0.05)
    found = power_at(TINY, 4, 2, "mixed", 1)
    assert (found.power, found.pairs, found.any_claim, found.failed) == (0.5, 0.0, 1.0, 0)


def test_more_simulations_begin_with_the_same_studies_and_other_numbers_of_people_are_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the share of fives as p-value, what is found depends on what was simulated alone."""

    def decided(frame: pd.DataFrame, names: tuple[str, ...], _model: str) -> dict[str, Decision]:
        seen.append(float((frame[names[0]] == 5).mean()))
        return {}

    monkeypatch.setattr("app.analysis.power.decide", decided)
    seen: list[float] = []
    world = World(conditions=2, items=5, questions=20)
    few, many = curve(world, [10, 11], 6, "mixed", 1)
    first, seen[:] = seen[:], []
    power_at(world, 10, 9, "mixed", 1)
    assert (few.failed, many.failed) == (6, 6)
    assert seen[:6] == first[:6]
    assert len(set(first)) > 6
    assert first[6:] != first[:6]


def test_a_large_effect_is_found_by_either_model_and_none_is_not() -> None:
    world = World(conditions=2, items=6, questions=20, effect=3.0)
    models: tuple[Model, ...] = ("mixed", "clmm")
    for model in models:
        large = power_at(world, 12, 1, model, 1)
        assert (large.power, large.pairs, large.failed) == (1, 1, 0)
    nothing = power_at(replace(world, effect=0.0), 12, 1, "mixed", 1)
    assert (nothing.power, nothing.any_claim, nothing.failed) == (0, 0, 0)


def test_the_smallest_number_is_the_first_from_which_power_stays() -> None:
    found = [
        Power(
            participants=n,
            effect=0.5,
            simulations=100,
            power=power,
            low=0,
            high=1,
            pairs=0,
            any_claim=0,
            failed=0,
        )
        for n, power in [(50, 0.82), (100, 0.78), (150, 0.85), (200, 0.9)]
    ]
    assert smallest(found, 0.8) == 150
    assert smallest(found, 0.9) == 200
    assert smallest(found, 0.95) is None


def test_numbers_of_participants_are_read_and_refused() -> None:
    assert counts("50..400", 100) == [50, 150, 250, 350, 400]
    assert counts("80", 50) == [80]
    assert read_thresholds("-2, 0,1.5") == (-2.0, 0.0, 1.5)
    with pytest.raises(Invalid, match="commas between"):
        read_thresholds("-2;0")
    with pytest.raises(Invalid, match="greater"):
        World(thresholds=(1.0, 0.0)).check()
    for text in ("many", "50..", "1..5", "90..50", "-5"):
        with pytest.raises(Invalid, match="participants"):
            counts(text, 50)


def test_the_command_prints_the_curve_and_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a study would find is told here, as it is the slow part."""

    def told(frame: pd.DataFrame, names: tuple[str, ...], _model: str) -> dict[str, Decision]:
        return {name: Decision(p_holm=1 / len(frame), pairs=()) for name in names}

    monkeypatch.setattr("app.analysis.power.decide", told)
    arguments = [
        "power",
        "--participants",
        "10..20",
        "--step",
        "10",
        "--conditions",
        "2",
        "--simulations",
        "20",
    ]
    done = CliRunner().invoke(cli, [*arguments, "--out", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0, done.output
    assert [one["participants"] for one in json.loads(done.output)["curve"]] == [10, 20]
    assert len((tmp_path / "out" / "power.csv").read_text().splitlines()) == 3
    assert (tmp_path / "out" / "power.svg").exists()
    for wrong in (
        ["--questions", "3"],
        ["--thresholds", "1,0"],
        ["--model", "other"],
        ["--participants", "x"],
    ):
        refused = CliRunner().invoke(cli, [*arguments, *wrong])
        assert refused.exit_code == 1
