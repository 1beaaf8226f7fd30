import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.analysis.accuracy.comparing import compare
from app.analysis.accuracy.words import sentences
from app.cli import cli
from app.contract.accuracies import ResultRow

OWN = Path(__file__).parent / "golden"
REAL = Path(__file__).parents[4] / "shared/data"
HEADER = "run,test accuracy,target_rationale,model_size,training_mode\n"


def call(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["accuracy", *map(str, arguments)])
    return result.exit_code, result.output


def test_the_analysis_writes_a_report_a_tidy_table_and_the_figure_in_three_formats(tmp_path: Path) -> None:
    status, said = call(OWN / "experiment.csv", "--out", tmp_path / "analysis")
    assert status == 0, said
    written = sorted(path.name for path in (tmp_path / "analysis").iterdir())
    assert written == [
        *(f"accuracy.{kind}" for kind in ("pdf", "png", "svg")),
        "notes.csv",
        "report.html",
        "statistics.csv",
    ]
    page = (tmp_path / "analysis/report.html").read_text(encoding="utf-8")
    assert page.count("(all runs)</summary>") == page.count("(without outliers)</summary>") == 5
    assert "<td>MT+CF:Revised</td><td>1.5B</td><td>6</td>" in "".join(map(str.strip, page.splitlines()))
    assert 'src="data:image/svg+xml;base64,' in page
    assert "6 of 48 runs (12 %), 3 of them extreme" in said


def test_the_tidy_table_has_every_figure_at_full_precision(tmp_path: Path) -> None:
    call(OWN / "experiment.csv", "--out", tmp_path)
    with (tmp_path / "statistics.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert list(lines[0]) == [
        *("analysis", "variant", "construct", "group1", "group2", "term", "quantity", "n", "value")
    ]
    golden = json.loads((OWN / "experiment.json").read_text(encoding="utf-8"))
    [found] = [
        line
        for line in lines
        if (line["analysis"], line["variant"]) == ("anova_type_II", "without_outliers")
        and (line["term"], line["quantity"]) == ("condition × size", "F")
    ]
    expected = golden["after_outlier_removal"]["anova_type2"][2]["F"]
    assert float(found["value"]) == pytest.approx(expected, rel=1e-9)
    assert len({tuple(line.values())[:-1] for line in lines}) == len(lines)
    [note] = (tmp_path / "notes.csv").read_text(encoding="utf-8").splitlines()
    assert note.endswith("sentence")


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        call(OWN / "experiment.csv", "--out", tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_where_the_outlier_rule_turns_the_conclusion_the_report_says_so_first(tmp_path: Path) -> None:
    if not REAL.is_dir():
        pytest.skip("../shared/data is not here")
    status, said = call(REAL / "experiment.csv", "--out", tmp_path)
    assert status == 0
    assert said.startswith("The outlier rule turns the conclusion on the effect of condition × size")
    assert "leaves out 7 of 46 runs (15 %), 4 of them extreme" in said
    assert "F(3, 38) = 0.33, p = .804; without outliers F(3, 31) = 18.56, p < .001" in said
    assert "but lower (-2.20, p = .009) without outliers" in said


def test_without_outliers_both_versions_are_the_same_and_the_report_says_so(tmp_path: Path) -> None:
    lines = [f"{run},{0.5 + run / 100},few-shot-revision,{size},both" for run in range(4) for size in "ab"]
    path = tmp_path / "runs.csv"
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    status, said = call(path, "--out", tmp_path / "analysis")
    assert status == 0
    assert said.startswith("With and without outliers the analysis comes to the same conclusions.")
    assert "finds no outlier among the 8 runs" in said


def test_what_cannot_be_computed_without_outliers_is_named_and_is_not_turned() -> None:
    cells = {"both": [*[0.5] * 5, 0.52], "task-prefix": [*[0.3] * 5, 0.31]}
    rows = [
        ResultRow(
            run=run,
            accuracy=accuracy,
            target_rationale="few-shot-revision",
            model_size="220M",
            training_mode=mode,
        )
        for mode, accuracies in cells.items()
        for run, accuracy in enumerate(accuracies)
    ]
    said = list(sentences(compare(rows, is_paper=False)))
    assert said[0] == (
        "Where both can be computed, the analyses with and without outliers agree. What cannot be computed "
        "without outliers: the effect of condition and 1 of 1 pairwise comparisons."
    )
    assert said[-1].startswith("1 of 1 pairwise comparisons (Tukey HSD) cannot be computed without outliers")
    assert not any("changes its verdict" in one or "turns" in one for one in said)


def test_conditions_the_paper_leaves_out_are_named_and_can_be_taken_in(tmp_path: Path) -> None:
    lines = [
        f"{run},0.{run}1,few-shot-revision,220M,{mode}"
        for run in range(3)
        for mode in ("both", "task-prefix")
    ]
    path = tmp_path / "runs.csv"
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    assert "3 runs of conditions that the paper does not compare" in call(path, "--out", tmp_path)[1]
    taken = call(path, "--out", tmp_path, "--all-conditions")[1]
    assert "does not compare" not in taken
    assert "MT:Revised" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_file_that_is_not_there_is_a_sentence_and_exit_status_1(tmp_path: Path) -> None:
    status, said = call(tmp_path / "none.csv", "--out", tmp_path)
    assert status == 1
    assert "there is no such file" in said


def test_the_sentences_are_one_json_line_for_programs(tmp_path: Path) -> None:
    status, said = call(OWN / "experiment.csv", "--out", tmp_path, "--json")
    told = json.loads(said)
    assert status == 0
    assert told["out"] == str(tmp_path)
    assert told["sentences"][0].startswith("The outlier rule turns the conclusion")


def test_a_table_without_the_papers_conditions_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(HEADER + "0,0.5,few-shot-revision,220M,task-prefix\n", encoding="utf-8")
    status, said = call(path, "--out", tmp_path)
    assert status == 1
    assert "use --all-conditions" in said
