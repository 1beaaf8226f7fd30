"""What is said of equivalence: each of the four verdicts, and whether the bound was declared."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.analysis.course import Course
from app.analysis.fitting import answered, asked, questions_of
from app.analysis.from_csv import read_csv
from app.analysis.material import Material, Plan
from app.analysis.models import models
from app.analysis.plans import PlanChange
from app.analysis.report.equivalences import equivalence_methods, equivalences
from app.analysis.report.writing import in_sentences
from app.analysis.side_by_side import Here
from app.analysis.tidy import Key, Statistic
from app.contract.plan import SmallestEffect
from tests.analysis.report.test_writing import paper_file
from tests.analysis.statistics.made import make_ratings


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    rows = make_ratings(4, people=9, questions=9).drop(columns="use").assign(use=3)
    found = read_csv(paper_file(tmp_path_factory.mktemp("paper") / "old.csv", rows), "test")
    return replace(found, plan=Plan(version=2, smallest_effect=SmallestEffect(points=0.5, odds_ratio=1.5)))


def verdict(estimate: float, p_equivalent: float, p_gated: float, second: str) -> list[Statistic]:
    pair = Key("mixed_model_total_equivalence", "all_rows", "Completeness", "a", second)
    claim = replace(pair, analysis="clmm_contrasts")
    figures = {"estimate": estimate, "low90": -0.2, "high90": 0.3, "p_holm": p_equivalent}
    return [
        *(Statistic(pair, name, None, value) for name, value in figures.items()),
        Statistic(claim, "p_gated", None, p_gated),
    ]


def test_each_pair_is_called_what_its_two_tests_show(material: Material) -> None:
    found = [
        *verdict(0.05, 0.01, 0.8, "b"),
        *verdict(0.2, 0.02, 0.03, "c"),
        *verdict(0.9, 0.9, 0.001, "d"),
        *verdict(0.4, 0.3, 0.06, "e"),
    ]
    [sentence] = equivalences(material, found)
    assert sentence == (
        "Completeness, linear mixed model: Shown to be equivalent within ±0.5 points: a and b "
        "(difference 0.05, 90 % interval [-0.20, 0.30], p (Holm) = .010). A difference was shown, and that "
        "it is smaller than what matters (within ±0.5 points): a and c (difference 0.20, 90 % interval "
        "[-0.20, 0.30], p (Holm) = .020). A difference was shown, and not that it is within ±0.5 points: "
        "a and d. Neither a difference nor equivalence within ±0.5 points was shown: a and e."
    )
    [told] = in_sentences(material, found)
    assert told.sentences == (sentence,)


def test_a_plan_without_a_smallest_effect_says_nothing_of_equivalence(material: Material) -> None:
    plain = replace(material, plan=Plan())
    assert list(equivalences(plain, verdict(0.05, 0.01, 0.8, "b"))) == []
    assert list(equivalence_methods(plain)) == []


def test_a_bound_is_declared_only_if_the_plan_said_so_before_the_data(material: Material) -> None:
    [words] = equivalence_methods(material)
    assert "within ±0.5 points and within an odds ratio of 0.67 to 1.5 (declared before the data)" in words
    change = PlanChange(
        version=2, at=datetime(2026, 1, 3, tzinfo=UTC), responses=4, parts=("smallest_effect_of_interest",)
    )
    late = replace(material, plan=replace(material.plan, changes=(change,)))
    [words] = equivalence_methods(late)
    assert "which came to say so when there were 4 responses, so it was not declared before" in words
    later = replace(material, plan=replace(material.plan, version=1, changes=(change,)))
    assert "(declared before the data)" in next(equivalence_methods(later))


def test_the_main_models_pairs_are_tested_in_points_and_in_log_odds(material: Material) -> None:
    versions = {"all_rows": material.frame}
    fitted = answered(asked(questions_of(material, versions), Here(), Course()))
    found = list(models(material, versions, fitted))
    bounds = {
        (one.key.analysis, one.value)
        for one in found
        if isinstance(one, Statistic) and one.quantity == "bound" and one.key.construct == "Completeness"
    }
    assert {(name, round(value, 3)) for name, value in bounds} == {
        ("clmm_equivalence", 0.405),
        ("mixed_model_equivalence", 0.5),
        ("mixed_model_total_equivalence", 0.5),
    }
    sentences = list(equivalences(material, found))
    assert [one.split(":")[0] for one in sentences] == [
        "Completeness, linear mixed model",
        "Completeness, cumulative link mixed model",
    ]
