"""Are odds proportional: the family of constructs, the gate of a pair, thresholds without bounds."""

from dataclasses import replace

import numpy as np

from app.analysis.material import Material
from app.analysis.proportional_odds import BOUNDED, Tests, proportional_odds
from app.analysis.report.words import methods
from app.analysis.statistics.base import Matrix, Undefined
from app.analysis.statistics.likelihood_ratio import LikelihoodRatio
from app.analysis.statistics.nominal import NominalModel
from app.analysis.statistics.proportional import NominalTest
from app.analysis.statistics.wald import wald
from app.analysis.tidy import Key, Note, Statistic
from tests.analysis.statistics.made import make_ratings
from tests.analysis.test_fitting import material

PLACES = np.array([[0, 1], [2, 3]])


def made_up(p: float, *, differences: tuple[float, float] = (2.0, 0.0), unbounded: str = "") -> NominalTest:
    thresholds: Matrix = np.array([0.0, 1.0, -differences[0], 1.0 - differences[1]])
    covariance = 0.02 * np.eye(4)
    model = NominalModel(
        n=9,
        conditions=("a", "b"),
        cuts=("1|2", "2|3"),
        places=PLACES,
        coefficients=wald([""] * 4, thresholds, covariance),
        covariance=covariance,
        deviations={"participant": 0.5},
        loglik=-9.0,
    )
    test = LikelihoodRatio(n=9, chi2=4.0, df=2, p=p)
    bounded = replace(test, p=0.5) if unbounded else None
    return NominalTest(model=model, test=test, unbounded=unbounded, bounded=bounded)


def study() -> Material:
    return replace(material(make_ratings(people=4)), constructs=("clarity", "use", "third"))


def values(found: list[Statistic | Note]) -> dict[tuple[str, str, str, str], float]:
    return {
        (one.key.analysis, one.key.construct, one.key.term, one.quantity): one.value
        for one in found
        if isinstance(one, Statistic)
    }


def test_the_tests_are_a_family_in_which_what_could_not_be_tested_stays() -> None:
    tests: Tests = {"clarity": made_up(0.01), "use": Undefined("Too few.")}  # and `third` has no model at all
    found = list(proportional_odds(study(), "all_rows", tests))
    numbers = values(found)
    assert numbers["clmm_nominal_test", "clarity", "", "p_holm"] == 0.03
    assert ("clmm_nominal_test", "use", "", "p_holm") not in numbers
    assert Note(Key("clmm_nominal_test", "all_rows", "use"), "Too few.") in found


def test_a_pair_passes_the_construct_s_test_and_its_own() -> None:
    numbers = values(list(proportional_odds(study(), "all_rows", {"clarity": made_up(0.01)})))
    assert numbers["clmm_nominal_pairs", "clarity", "", "p_holm"] < 1e-6
    assert numbers["clmm_nominal_pairs", "clarity", "", "p_gated"] == 0.03


def test_differences_are_of_log_odds_above_each_threshold() -> None:
    numbers = values(list(proportional_odds(study(), "all_rows", {"clarity": made_up(0.01)})))
    assert numbers["clmm_nominal_differences", "clarity", "1|2", "estimate"] == 2.0
    assert numbers["clmm_nominal_differences", "clarity", "2|3", "estimate"] == 0.0
    assert numbers["clmm_nominal_differences", "clarity", "2|3", "se"] == np.sqrt(0.04)


def test_where_a_threshold_has_no_bound_the_others_are_tested_too_and_it_is_said_why() -> None:
    one = made_up(0.01, unbounded="Because nobody gave 1.")
    found = list(proportional_odds(study(), "all_rows", {"clarity": one}))
    numbers = values(found)
    assert numbers["clmm_nominal_test", "clarity", "", "p"] == 0.01
    assert numbers["clmm_nominal_test", "clarity", BOUNDED, "p"] == 0.5
    assert Note(Key("clmm_nominal_test", "all_rows", "clarity"), "Because nobody gave 1.") in found


def test_the_methods_tell_of_the_test_where_one_was_made() -> None:
    found = list(proportional_odds(study(), "all_rows", {"clarity": made_up(0.01)}))
    told = "An odds ratio says that a difference in log odds is the same at every threshold of the scale."
    assert any(one.startswith(told) for one in methods(study(), found))
    assert not any(one.startswith(told) for one in methods(study(), []))
