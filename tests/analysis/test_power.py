"""Planning: what is simulated, what its power is where it can be known, and how numbers are asked for."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from app.analysis.power import Power, World, counts, curve, power_at, simulate, smallest
from app.cli import cli
from app.errors import Invalid


def test_everybody_rates_every_condition_equally_often_and_no_question_twice() -> None:
    frame = simulate(World(items=2, questions=30), 25, np.random.default_rng(1))
    assert len(frame) == 25 * 8
    assert set(frame.groupby(["participant", "condition"], observed=True).size()) == {2}
    assert not frame.duplicated(["participant", "question"]).any()
    assert set(frame["rating"]) <= {1.0, 2.0, 3.0, 4.0, 5.0}


def test_the_shares_of_ratings_are_the_models() -> None:
    """Without any deviations the thresholds are logits of the shares."""
    world = World(effect=1.0, person_sd=0, question_sd=0)
    frame = simulate(world, 4000, np.random.default_rng(2))
    for number, shift in enumerate((0.0, 1.0, 0.0, 0.0)):
        ratings = frame.loc[frame["condition"] == f"condition {number + 1}", "rating"]
        share = float((ratings <= 4).mean())
        assert share == pytest.approx(float(stats.logistic.cdf(0.81 - shift)), abs=0.015)


def test_power_grows_with_people_and_effect_and_is_the_error_rate_without_one() -> None:
    world = World(conditions=2, items=2, questions=20, effect=1.0)
    few, many = curve(world, [10, 60], 60, "mixed", 1)
    assert few.power < many.power
    assert many.power > 0.7
    nothing = power_at(World(conditions=2, items=2, questions=20, effect=0.0), 40, 100, "mixed", 1)
    assert nothing.low < 0.05 < nothing.high
    assert power_at(world, 10, 60, "mixed", 1) == few


def test_the_cumulative_model_can_be_the_test() -> None:
    found = power_at(World(conditions=2, items=2, questions=20, effect=2.0), 30, 20, "clmm", 1)
    assert found.power > 0.8


def test_the_smallest_number_is_the_first_from_which_power_stays() -> None:
    found = [
        Power(participants=n, effect=0.5, simulations=100, power=power, low=0, high=1, failed=0)
        for n, power in [(50, 0.82), (100, 0.78), (150, 0.85), (200, 0.9)]
    ]
    assert smallest(found, 0.8) == 150
    assert smallest(found, 0.9) == 200
    assert smallest(found, 0.95) is None


def test_numbers_of_participants_are_read_and_refused() -> None:
    assert counts("50..400", 100) == [50, 150, 250, 350, 400]
    assert counts("80", 50) == [80]
    for text in ("many", "50..", "1..5", "90..50", "-5"):
        with pytest.raises(Invalid, match="participants"):
            counts(text, 50)


def test_the_command_prints_the_curve_and_writes_it(tmp_path: Path) -> None:
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
    for wrong in (["--questions", "3"], ["--model", "other"], ["--participants", "x"]):
        refused = CliRunner().invoke(cli, [*arguments, *wrong])
        assert refused.exit_code == 1
