"""The results in sentences: directions, brackets and words agree with the figures they are made from."""

from dataclasses import replace
from pathlib import Path

from app.analysis.from_csv import read_csv
from app.analysis.report.findings import findings
from app.analysis.report.writing import in_sentences
from app.analysis.tidy import Key, Statistic
from tests.analysis.report.test_writing import paper_file


def made_up(
    construct: str, p_holm: float, pair_p: float, odds: tuple[float, float, float]
) -> list[Statistic]:
    test = Key("clmm_test", "all_rows", construct)
    pair = Key("clmm_contrasts", "all_rows", construct, "a", "b")
    values = {test: {"chi2": 9.5, "df": 2, "p": 0.0004, "p_holm": p_holm}, pair: {"p_holm": pair_p}}
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
        "Rated higher: a than b (odds ratio 2.00, 95 % interval [1.25, 4.00], p (Holm) = .040)."
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
    [sentence] = findings(replace(material, constructs=("one",)), made_up("one", 0.5, 0.2, (2.0, 0.9, 4.0)))
    assert sentence.endswith("No pair differs after Holm's correction.")
