import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.analysis.accuracy.anova import KINDS
from app.analysis.accuracy.comparing import analyse, compare, outliers
from app.analysis.accuracy.runs import Run
from app.analysis.statistics.base import Undefined
from app.contract.accuracies import read_results
from tests.analysis.accuracy.comparing import anova_of, compare_all, compare_variant, error_table
from tests.analysis.statistics.published import CONDITIONS as PUBLISHED
from tests.analysis.statistics.published import derived

OWN = Path(__file__).parent / "golden"
REAL = Path(__file__).parents[4] / "shared/data"
CONDITIONS, SIZES = ["CF:Unrevised", "MT:Unrevised"], ["220M", "770M"]


def make_runs(*cells: tuple[str, str, list[float]]) -> list[Run]:
    return [
        Run(number, condition, size, accuracy)
        for condition, size, accuracies in cells
        for number, accuracy in enumerate(accuracies)
    ]


def check_against(golden: dict[str, Any], csv: Path) -> None:
    comparisons = compare_all(compare(read_results(csv), is_paper=True), golden)
    sys.stdout.write(f"\n{csv.name}: {error_table(comparisons)}\n")
    missed = [each for each in comparisons if not each.is_met]
    assert not missed, error_table(missed)


def test_every_figure_of_the_published_runs_is_what_r_says() -> None:
    if not REAL.is_dir():
        pytest.skip("../shared/data is not here")
    golden = json.loads((REAL / "golden/experiment.json").read_text(encoding="utf-8"))
    check_against(golden, REAL / "experiment.csv")


def test_every_figure_of_our_own_runs_is_what_statsmodels_and_scipy_say() -> None:
    check_against(json.loads((OWN / "experiment.json").read_text(encoding="utf-8")), OWN / "experiment.csv")


@pytest.mark.parametrize("variant", ["all_runs", "after_outlier_removal"])
def test_published_cells_give_the_variance_analyses_and_differences_that_r_gives(variant: str) -> None:
    """They hang on each cell's number, mean and deviation alone: other runs with the same have the same."""
    golden = derived()["accuracies"][variant]
    runs = make_runs(*(cell_like(**cell) for cell in golden["cells"]))
    found = analyse(runs, PUBLISHED, SIZES)
    figures = {name: rows for name, rows in golden.items() if name != "cells"}
    missed = [each for each in compare_variant(variant, found, figures) if not each.is_met]
    assert not missed, error_table(missed)


def cell_like(*, model: str, model_size: str, n: int, mean: float, sd: float) -> tuple[str, str, list[float]]:
    spread = np.arange(n) - (n - 1) / 2
    return model, model_size, list(mean + sd * spread / spread.std(ddof=1))


def test_a_golden_figure_that_is_off_by_a_millionth_is_noticed() -> None:
    golden = json.loads((OWN / "experiment.json").read_text(encoding="utf-8"))
    golden["all_runs"]["anova_type2"][0]["F"] *= 1 + 1e-6
    with pytest.raises(AssertionError, match="anova_type2 model F"):
        check_against(golden, OWN / "experiment.csv")


def test_a_value_on_the_fence_is_no_outlier() -> None:
    # Quartiles 1 and 3: the fences are -2 and 6.
    runs = make_runs(("CF:Unrevised", "220M", [1.0, 1.0, 2.0, 3.0, 6.0]))
    assert outliers(runs, analyse(runs, CONDITIONS, SIZES).cells) == []
    runs = make_runs(("CF:Unrevised", "220M", [1.0, 1.0, 2.0, 3.0, 6.01]))
    assert [run.number for run in outliers(runs, analyse(runs, CONDITIONS, SIZES).cells)] == [4]


def test_a_balanced_table_has_the_sums_of_squares_one_computes_by_hand() -> None:
    # Cell means 1, 3, 5, 11; each cell is its mean ± 1.
    runs = make_runs(
        ("CF:Unrevised", "220M", [0.0, 2.0]),
        ("MT:Unrevised", "220M", [2.0, 4.0]),
        ("CF:Unrevised", "770M", [4.0, 6.0]),
        ("MT:Unrevised", "770M", [10.0, 12.0]),
    )
    analysis = analyse(runs, CONDITIONS, SIZES)
    for kind in KINDS:
        table = anova_of(analysis, kind)
        assert [term.ss for term in table.terms] == pytest.approx([32, 72, 8])
        assert table.ss_error == pytest.approx(8)
        assert table.df_error == 4


def test_one_size_alone_is_compared_by_condition() -> None:
    runs = make_runs(
        ("CF:Unrevised", "220M", [50.0, 51.0, 52.0]), ("MT:Unrevised", "220M", [60.0, 61.0, 62.0])
    )
    analysis = analyse(runs, CONDITIONS, ["220M"])
    [term] = anova_of(analysis, "II").terms
    assert term.name == "condition"
    assert term.f == pytest.approx(150)
    assert [pair.difference for pair in analysis.pairs] == pytest.approx([10])


def test_a_cell_without_runs_leaves_the_interaction_without_degrees_of_freedom() -> None:
    runs = make_runs(
        ("CF:Unrevised", "220M", [50.0, 51.0]),
        ("MT:Unrevised", "220M", [60.0, 61.5]),
        ("MT:Unrevised", "770M", [70.0, 71.0]),
    )
    table = anova_of(analyse(runs, CONDITIONS, SIZES), "II")
    assert [term.name for term in table.terms] == ["condition", "size"]
    assert table.df_error == 3


@pytest.mark.parametrize("accuracies", [[50.0], [50.0, 50.0]])
def test_single_runs_and_equal_runs_have_means_but_no_tests(accuracies: list[float]) -> None:
    runs = make_runs(("CF:Unrevised", "220M", accuracies), ("MT:Unrevised", "220M", accuracies))
    analysis = analyse(runs, CONDITIONS, SIZES)
    assert [cell.described.mean for cell in analysis.cells] == [50.0, 50.0]
    tests = [*analysis.anovas.values(), *analysis.tukey.values(), *analysis.one_way.values(), analysis.levene]
    assert all(isinstance(one, Undefined) for one in tests)
    assert all(isinstance(cell.shapiro, Undefined) for cell in analysis.cells)


def test_a_single_run_has_no_standard_error() -> None:
    [cell] = analyse(make_runs(("CF:Unrevised", "220M", [50.0])), CONDITIONS, SIZES).cells
    assert cell.described.se is None
