"""Where a χ² is replaced: few people or questions, rows of which something is claimed; and what is said."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.analysis.course import Course
from app.analysis.few import few, simulations
from app.analysis.fitting import answered, asked, questions_of
from app.analysis.from_csv import read_csv
from app.analysis.material import Material
from app.analysis.models import models
from app.analysis.report.findings import findings
from app.analysis.report.words import cautions, methods
from app.analysis.side_by_side import Here
from app.analysis.statistics.base import Undefined
from app.analysis.statistics.bootstrap import Bootstrap
from app.analysis.statistics.contrasts import condition_model, in_family
from app.analysis.tidy import Key, Note, Statistic
from tests.analysis.report.test_writing import paper_file
from tests.analysis.statistics.made import make_ratings


def material(folder: Path) -> Material:
    frame = make_ratings(4, people=8, questions=8, per_condition=3, effects=(0.0, 0.8))
    return read_csv(paper_file(folder / "old.csv", frame), "test")


def test_few_are_people_or_questions_of_a_condition() -> None:
    many = make_ratings(people=30, questions=90, per_condition=8)
    assert list(few(many)) == []
    assert list(few(many[many["participant"] != "p3"])) == ["only 29 people"]
    one_less = many[(many["condition"] != "c") | many["question"].isin([f"q{n}" for n in range(12)])]
    assert [words.endswith(" questions") for words in few(one_less)] == [True]


def test_only_rows_of_which_something_is_claimed_are_simulated(tmp_path: Path) -> None:
    one = material(tmp_path)
    construct = one.constructs[0]
    test = condition_model(one.frame, construct, one.factors)
    versions = dict.fromkeys(("all_rows", "no_outliers", "exclusions"), one.frame)
    tests = dict.fromkeys(versions, test)
    found = {name: job for name, _, job in simulations(tests, versions, construct, one.factors, 2)}
    assert list(found) == ["exclusions", "all_rows"]
    assert found["all_rows"].world.seed == found["exclusions"].world.seed  # of the same rows
    pair = one.frame[one.frame["participant"].isin(["p0", "p1", "p2", "p3"])]
    assert (
        list(simulations(tests, {**versions, "all_rows": pair, "exclusions": pair}, construct, (), 2)) == []
    )
    none = Undefined("no model")
    assert list(simulations({"all_rows": none}, versions, construct, one.factors, 2)) == []


def test_a_primary_construct_is_corrected_over_the_primary_ones(tmp_path: Path) -> None:
    one = material(tmp_path)
    first, second = one.constructs
    asked = questions_of(replace(one, primary=(first,)), {"all_rows": one.frame})
    assert {each.outcome: each.most_runs for each in asked if each.is_construct} == {first: 1, second: 1}
    assert {each.most_runs for each in questions_of(one, {"all_rows": one.frame}) if each.is_construct} == {3}


def test_p_by_simulated_studies_is_the_one_that_is_corrected() -> None:
    frame = make_ratings(1, people=8, questions=8, per_condition=3, effects=(0.0, 0.0))
    test = condition_model(frame, "clarity", ("participant",))
    assert not isinstance(test, Undefined)
    simulated = replace(test, bootstrap=Bootstrap(p=0.03, runs=99, exceeded=2, failed=0))
    found = in_family({"clarity": simulated, "use": test}, ())["clarity"]
    assert not isinstance(found, Undefined)
    assert found.p_holm == pytest.approx(0.06)
    assert in_family({"clarity": test}, ())["clarity"] == replace(test, p_holm=test.test.p)


def test_a_report_says_how_many_studies_stand_behind_a_p(tmp_path: Path) -> None:
    one = material(tmp_path)
    versions = {"all_rows": one.frame}
    found: list[Statistic | Note] = list(
        models(one, versions, answered(asked(questions_of(one, versions), Here(), Course())))
    )
    figures = {
        each.quantity: each.value
        for each in found
        if isinstance(each, Statistic) and each.key == Key("clmm_test", "all_rows", one.constructs[0])
    }
    assert figures["simulated"] == 3
    assert figures["p_bootstrap"] == (1 + figures["exceeded"]) / 4
    assert figures["p_holm"] >= figures["p_bootstrap"] != figures["p"]
    sentence = next(iter(findings(one, found)))
    assert "by parametric bootstrap, 3 simulated studies, p (Holm)" in sentence
    said = " ".join([*cautions(one, found), *methods(one, found)])
    assert "There are only 8 people and a condition with only 7 questions." in said
    assert "held against simulated studies" in said
    assert "(3 studies; a test ends at 20" in said


def test_without_simulated_studies_there_is_a_caution(tmp_path: Path) -> None:
    one = material(tmp_path)
    assert "as no more than a hint." in " ".join(cautions(one, []))
    assert "bootstrap" not in " ".join(methods(one, []))
