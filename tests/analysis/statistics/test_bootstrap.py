"""Simulated studies: refitted as the search from nowhere finds them, stopped where more would add little."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from app.analysis.statistics import bootstrap as module
from app.analysis.statistics.base import Codes, Undefined
from app.analysis.statistics.bootstrap import PILOTS, Refit, World, bootstrap, merged, most_runs, world_of
from app.analysis.statistics.climbing import Fit, fit
from app.analysis.statistics.contrasts import condition_model
from app.analysis.statistics.laplace import Ordinal
from tests.analysis.statistics.made import make_ratings

FACTORS = ("participant", "question")


@pytest.fixture(scope="module")
def world() -> World:
    return made(1)


def made(seed: int) -> World:
    frame = make_ratings(seed, people=8, questions=8, per_condition=3, effects=(0.0, 0.0))
    test = condition_model(frame, "clarity", FACTORS)
    assert not isinstance(test, Undefined)
    return world_of(frame, "clarity", FACTORS, test.null)


def from_nowhere(world: World, drawn: Codes, columns: int) -> float:
    used, categories = np.unique(drawn, return_inverse=True)
    data = Ordinal(
        categories=categories, count=len(used), matrix=world.matrix[:, :columns], factors=world.factors
    )
    found = fit(data)
    assert isinstance(found, Fit)
    return found.loglik


def test_a_refit_from_the_true_parameters_finds_what_a_search_from_nowhere_finds(world: World) -> None:
    refit = Refit(world)
    fewer = np.where((drawn := world.draw(9)) == 2, 1, drawn)  # a category in the middle that nobody used
    for categories in (world.draw(7), world.draw(8), fewer):
        chi2 = refit.chi2(categories)
        low, high = (from_nowhere(world, categories, columns) for columns in (0, world.matrix.shape[1]))
        assert chi2 == pytest.approx(2 * (high - low), abs=1e-4)


def test_the_same_data_simulate_the_same_studies_and_other_data_others(world: World) -> None:
    again, other = made(1), made(2)
    assert np.array_equal(world.draw(3), again.draw(3))
    assert not np.array_equal(world.draw(3), world.draw(4))
    assert world.seed != other.seed


def test_simulated_people_differ_as_much_as_the_models(world: World) -> None:
    """Means of people without a deviation of their own would differ less than half as much."""
    wide = replace(world, deviations=np.where(np.array(world.factors.names) == "participant", 3.0, 0.0))
    codes = wide.factors.codes[wide.factors.names.index("participant")]
    between = [
        np.std([drawn[codes == person].mean() for person in range(8)])
        for drawn in (wide.draw(number) for number in range(20))
    ]
    assert np.mean(between) > 1


def scripted(monkeypatch: pytest.MonkeyPatch, found: list[float | None]) -> None:
    """χ² of studies, in the order in which they are drawn."""

    class Scripted:
        def __init__(self, _: World) -> None:
            self.left = list(found)

        def chi2(self, _: Codes) -> float | None:
            return self.left.pop(0)

    monkeypatch.setattr(module, "Refit", Scripted)


def test_p_counts_studies_as_extreme_and_those_without_a_model(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, [1.0, 9.0, None, 2.0])
    found = bootstrap(world, 5.0, 4)
    assert (found.p, found.runs, found.exceeded, found.failed) == (3 / 5, 4, 2, 1)


def test_it_ends_where_enough_studies_were_as_extreme(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENOUGH", 2)
    scripted(monkeypatch, [1.0, 9.0, 5.0])
    found = bootstrap(world, 5.0, 100)
    assert (found.p, found.runs, found.exceeded) == (2 / 3, 3, 2)


def test_thresholds_about_an_unused_category_become_one_and_those_beyond_the_ends_none() -> None:
    found = merged(np.array([1, 3]), 6, 4)  # of five categories; two more parameters
    assert found.tolist() == [[0, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_the_smallest_p_stands_a_correction_over_its_family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALLEST", 0.01)
    assert [most_runs(family) for family in (1, 5)] == [99, 499]


def test_chi2_of_many_people_and_questions_is_the_asymptotic_one() -> None:
    frame = make_ratings(3, people=60, questions=60, per_condition=2, effects=(0.0, 0.0))
    test = condition_model(frame, "clarity", ("participant",))
    assert not isinstance(test, Undefined)
    world = world_of(frame, "clarity", ("participant",), test.null)
    refit = Refit(world)
    found = [refit.chi2(world.draw(PILOTS + number)) for number in range(60)]
    assert stats.kstest([one for one in found if one is not None], stats.chi2(1).cdf).pvalue > 0.01
