"""The results in sentences: directions, brackets and words agree with the figures they are made from."""

from dataclasses import replace
from pathlib import Path

from app.analysis.from_csv import read_csv
from app.analysis.report.findings import findings
from app.analysis.report.writing import in_sentences
from app.analysis.tidy import Key, Note, Statistic
from tests.analysis.report.test_writing import paper_file


def made_up(
    construct: str, p_holm: float, pair_p: float, odds: tuple[float, float, float]
) -> list[Statistic]:
    test = Key("clmm_test", "all_rows", construct)
    pair = Key("clmm_contrasts", "all_rows", construct, "a", "b")
    values = {test: {"chi2": 9.5, "df": 2, "p": 0.0004, "p_holm": p_holm}, pair: {"p_holm": pair_p}}
    values[pair]["p_gated"] = max(p_holm, pair_p)
    values[pair] |= dict(zip(("odds_ratio", "odds_ratio_low", "odds_ratio_high"), odds, strict=True))
    return [
        Statistic(key, name, 9, value) for key, fields in values.items() for name, value in fields.items()
    ]


def test_the_higher_condition_comes_first_and_its_odds_ratio_is_above_one(tmp_path: Path) -> None:
    material = read_csv(paper_file(tmp_path / "old.csv"), "test")
    material = replace(material, constructs=("one", "two", "three"))
    found = [
        *made_up("one", 0.02, 0.03, (2.0, 1.1, 4.0)),
        *made_up("two", 0.06, 0.04, (0.5, 0.25, 0.8)),
    ]
    others = [replace(one, key=replace(one.key, variant="no_outliers"), value=1.0) for one in found]
    one, two = findings(material, [*found, *others])
    assert one == (
        "one: conditions differ (χ²(2) = 9.50, p < .001, p (Holm) = .020). "
        "Rated higher: b than a (odds ratio 2.00, 95 % interval [1.10, 4.00], p (Holm) = .030)."
    )
    assert two == (
        "two: no difference between conditions was shown (χ²(2) = 9.50, p < .001, p (Holm) = .060). "
        "So no pair of conditions is compared in words."
    )


def test_beside_an_odds_ratio_stands_the_difference_on_the_scale_in_the_same_direction(
    tmp_path: Path,
) -> None:
    material = replace(read_csv(paper_file(tmp_path / "old.csv"), "test"), constructs=("one",))
    place = Key("clmm_differences", "all_rows", "one", "a", "b")
    values = {"estimate": -0.42, "se": 0.1, "low": -0.62, "high": -0.22}
    points = [Statistic(place, name, None, value) for name, value in values.items()]
    [sentence] = findings(material, [*made_up("one", 0.02, 0.03, (0.5, 0.25, 0.8)), *points])
    assert sentence.endswith(
        "Rated higher: a than b (odds ratio 2.00, 95 % interval [1.25, 4.00], p (Holm) = .030; "
        "about 0.42 points on the scale, 95 % interval [0.22, 0.62])."
    )


def test_the_sentences_are_about_the_rows_asked_for(tmp_path: Path) -> None:
    material = replace(read_csv(paper_file(tmp_path / "old.csv"), "test"), constructs=("one",))
    all_rows = made_up("one", 0.02, 0.03, (2.0, 1.1, 4.0))
    left = [
        replace(one, key=replace(one.key, variant="exclusions"))
        for one in made_up("one", 0.5, 0.2, (2, 1, 4))
    ]
    [kept] = findings(material, [*all_rows, *left], "exclusions")
    assert kept.startswith("one: no difference between conditions was shown")
    assert list(findings(material, all_rows, "exclusions")) == []


def test_findings_that_are_the_same_of_several_rows_are_printed_once(tmp_path: Path) -> None:
    material = replace(read_csv(paper_file(tmp_path / "old.csv"), "test"), constructs=("one",))
    all_rows = made_up("one", 0.02, 0.03, (2.0, 1.1, 4.0))
    same = [replace(one, key=replace(one.key, variant="exclusions")) for one in all_rows]
    other = [
        replace(one, key=replace(one.key, variant="exclusions"))
        for one in made_up("one", 0.5, 0.2, (2, 1, 4))
    ]
    assert [one.rows for one in in_sentences(material, [*all_rows, *same])] == [
        "after the declared exclusions, and the same of all rows"
    ]
    assert [one.rows for one in in_sentences(material, [*all_rows, *other])] == [
        "after the declared exclusions",
        "all rows",
    ]


def test_pairs_that_do_not_differ_are_not_named(tmp_path: Path) -> None:
    material = read_csv(paper_file(tmp_path / "old.csv"), "test")
    [sentence] = findings(replace(material, constructs=("one",)), made_up("one", 0.02, 0.2, (2.0, 0.9, 4.0)))
    assert sentence.endswith("Which of them differ cannot be said: no pair does after Holm's correction.")


def test_a_construct_without_a_model_is_named_with_its_reason_and_what_is_known(tmp_path: Path) -> None:
    material = read_csv(paper_file(tmp_path / "old.csv"), "test")
    numbers = {
        Key("describe", "all_rows", "one", "a"): {"mean": 4.5, "n": 9},
        Key("describe", "all_rows", "one", "b"): {"mean": 5.0, "n": 9},
        Key("kruskal", "all_rows", "one"): {"H": 3.1, "df": 1, "p": 0.08, "p_holm": 0.16},
    }
    found = [Statistic(key, name, 9, value) for key, one in numbers.items() for name, value in one.items()]
    why = Note(Key("clmm", "all_rows", "one"), "Every rating of b is at or above every rating of a.")
    [sentence] = findings(replace(material, constructs=("one",)), [*found, why])
    assert sentence == (
        "one: no model could be fitted. Every rating of b is at or above every rating of a. "
        "Mean ratings: a 4.50, b 5.00. Kruskal–Wallis test, which takes ratings as independent: "
        "H(1) = 3.10, p = .080, p (Holm) = .160."
    )
