"""How many raters would do, in words; and where no number of them does."""

from pathlib import Path

from app.analysis.fitting import Linear
from app.analysis.from_csv import read_csv
from app.analysis.material import TEXT
from app.analysis.models import decisions
from app.analysis.report.raters_needed import raters_methods, raters_needed
from app.analysis.statistics.base import Undefined
from app.analysis.statistics.mixed import MixedModel, mixed_model
from app.analysis.tidy import Key, Statistic
from tests.analysis.report.test_writing import paper_file
from tests.analysis.statistics.made import make_ratings


def test_the_numbers_are_said_for_each_construct_and_what_they_are_of(tmp_path: Path) -> None:
    material = read_csv(paper_file(tmp_path / "old.csv"), "test")
    assert TEXT in material.factors
    needs = {
        "Completeness": {"var_object": 1.0, "raters_relative": 10, "raters_absolute": 16},
        "Plausibility": {"var_object": 0.0},
    }
    found = [
        Statistic(Key("d_study_need", "all_rows", name, term="text"), quantity, 9, value)
        for name, figures in needs.items()
        for quantity, value in figures.items()
    ]
    enough, never = raters_needed(material, found)
    here = len(material.frame) / material.frame[TEXT].nunique()
    assert enough == (
        "The mean rating of a text is the more reliable the more raters it has. For a reliability of .8, "
        "each text would need about 16 for Completeness (10 if the same people rate all texts); here it has "
        f"{here:.1f} on average."
    )
    assert never == (
        "More raters alone cannot reach a reliability of .8 of a text's mean for Plausibility: texts are not "
        "told apart, as their variance is estimated as zero."
    )
    assert len(list(raters_methods(found))) == 1
    assert [*raters_needed(material, []), *raters_methods([])] == []


def test_where_texts_have_one_rating_each_the_numbers_are_of_questions(tmp_path: Path) -> None:
    rows = make_ratings(3, people=12, questions=12, per_condition=2).drop_duplicates(
        ["question", "condition"]
    )
    material = read_csv(paper_file(tmp_path / "old.csv", rows), "test")
    needs = {"raters_relative": 10, "raters_absolute": 16}
    place = Key("d_study_need", "all_rows", "Completeness", term="question")
    [words] = raters_needed(material, [Statistic(place, name, 9, value) for name, value in needs.items()])
    assert "each question would need about 16 for Completeness (10 if" in words
    assert words.endswith("a text's own part cannot be told from error.")


def test_a_texts_variance_is_its_questions_and_its_own(tmp_path: Path) -> None:
    material = read_csv(paper_file(tmp_path / "old.csv"), "test")
    model = mixed_model(material.frame, "Completeness", material.factors)
    assert isinstance(model, MixedModel)
    made = list(decisions("Completeness", Linear(model=model, test=Undefined(""))))
    [own] = [one.value for one in made if isinstance(one, Statistic) and one.quantity == "var_object"]
    assert own == model.variances["question"] + model.variances[TEXT]
    assert {one.key.analysis for one in made} == {"d_study", "d_study_need"}
    assert list(decisions("Completeness", None)) == []
