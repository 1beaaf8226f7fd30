"""What is compared with what: conditions without ratings, families of corrected tests, words for the data."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes

from app.analysis.analyses import everything
from app.analysis.figures.models import Estimate, forest
from app.analysis.figures.style import PAGE
from app.analysis.from_csv import read_csv
from app.analysis.material import LENGTH, QUALITY, Material
from app.analysis.report.findings import findings
from app.analysis.report.words import cautions
from app.analysis.statistics.base import holm
from app.analysis.tidy import Note, Statistic
from tests.analysis.report.test_writing import paper_file
from tests.analysis.statistics.made import make_ratings

CONTRASTS = ("clmm_contrasts", "mixed_model_contrasts", "mixed_model_total_contrasts")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return read_csv(paper_file(tmp_path_factory.mktemp("paper") / "old.csv", make_ratings(4)), "test")


@pytest.fixture(scope="module")
def found(material: Material) -> list[Statistic | Note]:
    return list(everything(material))


def test_a_condition_nobody_rated_in_a_construct_is_compared_with_nothing(material: Material) -> None:
    """The reference of the others is then the first condition that has ratings."""
    first, *others = material.conditions
    frame = material.frame.copy()
    frame.loc[frame["condition"] == first, "Completeness"] = np.nan
    changed = replace(material, frame=frame)
    made = list(everything(changed))
    for analysis in CONTRASTS:
        pairs = {
            (one.key.group1, one.key.group2)
            for one in made
            if isinstance(one, Statistic)
            and (one.key.analysis, one.key.variant) == (analysis, "all_rows")
            and one.key.construct == "Completeness"
        }
        assert pairs == {tuple(others)}, analysis
    sentence = next(one for one in findings(changed, made) if one.startswith("Completeness"))
    assert f"than {first}" not in sentence


@pytest.mark.parametrize("analysis", ["clmm_test", "mixed_model_test", "mixed_model_total_test", "kruskal"])
def test_tests_of_conditions_are_corrected_over_the_constructs_and_not_over_their_mean(
    material: Material, found: list[Statistic | Note], analysis: str
) -> None:
    values = {
        (one.key.construct, one.quantity): one.value
        for one in found
        if isinstance(one, Statistic) and (one.key.analysis, one.key.variant) == (analysis, "all_rows")
    }
    quantity = {"clmm_test": "p_bootstrap", "kruskal": "p"}.get(analysis, "p_F")
    plain = [values[construct, quantity] for construct in material.constructs]
    assert [values[construct, "p_holm"] for construct in material.constructs] == holm(plain)
    assert (QUALITY, "p_holm") not in values


def test_a_model_without_length_differs_from_the_adjusted_one(found: list[Statistic | Note]) -> None:
    terms: dict[str, set[str]] = {"mixed_model": set(), "mixed_model_total": set()}
    for one in found:
        if one.key.analysis in terms and isinstance(one, Statistic) and one.quantity == "estimate":
            terms[one.key.analysis].add(one.key.term)
    assert terms["mixed_model"] - terms["mixed_model_total"] == {LENGTH}


def test_a_line_of_a_forest_stands_for_the_same_pair_in_every_panel() -> None:
    panels = {
        "one": [
            Estimate(label="a – b", value=2.0, low=1.0, high=3.0),
            Estimate(label="b – c", value=4.0, low=3.0, high=5.0),
        ],
        "two": [Estimate(label="b – c", value=0.5, low=None, high=None)],
    }
    _, (one, two) = forest(panels, 1, PAGE)
    labels = [text.get_text() for text in one.get_yticklabels()]
    assert labels == ["a – b", "b – c"]
    assert points(one, labels) == [(2.0, "a – b"), (4.0, "b – c")]
    assert points(two, labels) == [(0.5, "b – c")]


def points(axes: Axes, labels: list[str]) -> list[tuple[float, str]]:
    places = [np.ravel(line.get_xydata()) for line in axes.lines if line.get_marker() == "o"]
    return [(float(x), labels[int(y)]) for x, y in places]


def test_cautions_name_lengths_only_where_two_conditions_have_them_and_answers_of_few_people(
    material: Material, found: list[Statistic | Note]
) -> None:
    gender = material.frame["gender"].where(material.frame["participant"] != "p0", "diverse")
    frame = material.frame.assign(gender=gender)
    text = " ".join(cautions(replace(material, frame=frame), found))
    means = frame.groupby("condition", observed=True)[LENGTH].mean()
    shown = ", ".join(f"{label} {mean:.0f}" for label, mean in means.items())
    assert f"Mean length of explanations in characters: {shown}." in text
    assert "gender: diverse (1)" in text
    assert "Reference answers: gender: male." in text
    elsewhere = frame["condition"] != "X"
    frame.loc[elsewhere, LENGTH] = np.nan
    alone = " ".join(cautions(replace(material, frame=frame), found))
    assert "Mean length" not in alone
    assert "nan" not in alone.split()
