"""What depends on one person or text, in words: only claims that would be made, and who it is."""

import pytest

from app.analysis.from_csv import read_csv
from app.analysis.material import Material
from app.analysis.quantities import rows_of
from app.analysis.report.leave_one_out import without_one, without_one_methods
from app.analysis.statistics.leave_one_out import WithoutOne
from app.analysis.tidy import Key, Statistic, tidy
from tests.analysis.report.test_writing import paper_file


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return read_csv(paper_file(tmp_path_factory.mktemp("paper") / "old.csv"), "test")


def left_out(changing: int, whose: str = "", p: float = 0.09) -> WithoutOne:
    return WithoutOne(
        group1="a",
        group2="b",
        left_out=24,
        low=0.2,
        high=0.6,
        p_smallest=0.001,
        p_largest=0.09,
        changing=changing,
        whose=whose,
        p_without=p if whose else None,
        estimate_without=0.2 if whose else None,
    )


def found(one: WithoutOne, omnibus: float, gated: float) -> list[Statistic]:
    test = Key("mixed_model_total_test", "all_rows", "Completeness")
    pair = Key("mixed_model_total_contrasts", "all_rows", "Completeness", "a", "b")
    made = [Statistic(test, "p_holm", 9, omnibus), Statistic(pair, "p_gated", None, gated)]
    key = Key("without_one_participant", "all_rows", "Completeness")
    return [*made, *(each for each in tidy(key, one) if isinstance(each, Statistic))]


@pytest.mark.parametrize(
    "gated,p,verb", [(0.02, 0.09, "would not be said to differ"), (0.2, 0.04, "would be said to differ")]
)
def test_who_decides_a_claim_is_named(material: Material, gated: float, p: float, verb: str) -> None:
    [sentence] = without_one(material, found(left_out(2, "p7", p), 0.01, gated))
    assert sentence == (
        "Each person was left out once (up to 24 of them). What linear mixed models claim depends on one: "
        f"Completeness: a and b {verb} without p7 (difference 0.20, p (Holm) {p:.3f}; 2 such)."
    )


def test_nothing_depends_on_anybody_where_nothing_changes_or_the_test_of_all_conditions_forbids_it(
    material: Material,
) -> None:
    for one, omnibus in ((left_out(0), 0.01), (left_out(1, "p7"), 0.2)):
        [sentence] = without_one(material, found(one, omnibus, max(omnibus, 0.02)))
        assert sentence.endswith("no claim of the linear mixed models about a pair of conditions changes.")
    assert list(without_one(material, [])) == []
    assert [len(list(without_one_methods(some))) for some in ([], found(left_out(0), 1, 1))] == [0, 1]


def test_the_rows_have_the_range_and_who_changes_it() -> None:
    pair, who = rows_of(left_out(1, "p7"))
    assert [getattr(one, "term", None) for one in (pair, who)] == ["", "without p7"]
    assert len(list(rows_of(left_out(0)))) == 1
