"""`honeyglass analyze`, of a file and of a study: what it writes, that it repeats, what it refuses."""

import csv
import json
import re
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from matplotlib.figure import Figure
from scipy import stats
from typer.testing import CliRunner

from app.analysis.analyses import correctness, everything
from app.analysis.from_csv import read_csv
from app.analysis.from_study import read_study
from app.analysis.report.writing import analyze_csv, analyze_study
from app.analysis.side_by_side import side_by_side
from app.analysis.tidy import Key, Statistic, write_statistics
from app.cli import cli
from app.errors import Conflict, Invalid, NotFound
from app.web.db import Database
from tests.analysis.statistics import errors
from tests.analysis.statistics.made import make_ratings
from tests.analysis.statistics.published import DATA, needs_data
from tests.exports.published import constructs, published, set_up, take

FIGURES = ("odds", "means", "likert", "effects", "coverage")


def paper_file(path: Path, frame: pd.DataFrame | None = None) -> Path:
    """Ratings of our own in the published study's columns."""
    frame = make_ratings(4) if frame is None else frame
    out = pd.DataFrame(
        {
            "CASE": frame["participant"],
            "rationale": "RE01",
            "Completeness": frame["clarity"],
            "Plausibility": frame["use"],
            "rationale_id": frame["question"],
            "model": frame["condition"]
            .astype(str)
            .map({"a": "CF:PosRationales", "b": "MT:PosRationales", "c": "X"}),
            "rationale_length": frame["explanation_length"].astype(int),
            "gender": np.where(frame["participant"] < "p2", "male", "female"),
        }
    )
    out.to_csv(path, index=False)
    return path


def figures(out: Path) -> list[dict[str, str]]:
    with (out / "statistics.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def value(rows: list[dict[str, str]], **keys: str) -> float:
    (row,) = [one for one in rows if all(one[name] == wanted for name, wanted in keys.items())]
    return float(row["value"])


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay figures out, where odd data show, but render no picture, which takes most of the time."""

    def lay_out(figure: Figure, folder: Path, name: str, _stamp: str) -> None:
        figure.draw_without_rendering()
        (folder / f"{name}.svg").write_text("<svg/>", encoding="utf-8")

    monkeypatch.setattr("app.analysis.figures.drawing.save", lay_out)


@dataclass(frozen=True)
class Analysed:
    """A file, some of whose words would run in a spreadsheet, and its report, which no test changes."""

    file: Path
    out: Path
    done: dict[str, Any]


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Analysed:
    folder = tmp_path_factory.mktemp("analysed")
    file = paper_file(folder / "old.csv")
    frame = pd.read_csv(file)
    frame["model"] = frame["model"].map({"X": "=HYPERLINK(1)"}).fillna(frame["model"])
    frame["gender"] = "@" + frame["gender"]
    frame.to_csv(file, index=False)
    return Analysed(file=file, out=folder / "report", done=analyze_csv(file, folder / "report"))


def test_a_file_becomes_a_report_that_stands_alone(analysed: Analysed) -> None:
    out, done = analysed.out, analysed.done
    rows = figures(out)
    assert done["responses"] == len(make_ratings(4))
    assert done["statistics"] == len(rows)
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert "Not recorded: the participant flow" in html
    assert "nan" not in html.lower().split()
    for name in (*FIGURES, *(f"{one}-column" for one in FIGURES)):
        for kind in ("svg", "pdf", "png"):
            assert (out / "figures" / f"{name}.{kind}").stat().st_size > 1000
    assert not (out / "figures" / "times.svg").exists()
    assert {row["analysis"] for row in rows} >= {
        "box_m",
        "clm_contrasts",
        "clm_test",
        "clmm",
        "shapiro_multivariate",
        "mixed_model",
        "kruskal",
        "dunn",
        "linear_model_controls",
    }
    assert {row["variant"] for row in rows} == {"all_rows", "no_outliers", "published"}
    assert all(np.isfinite(float(row["value"])) for row in rows)
    latex = (out / "tables" / "clmm_test_all_rows.tex").read_text(encoding="utf-8")
    assert latex.startswith("% Study: old.csv; ")
    assert "p (Holm)" in latex
    assert 'factors <- as.character(c("participant", "question"' in (out / "analysis.R").read_text(
        encoding="ascii"
    )
    assert len(pd.read_csv(out / "data.csv")) == done["responses"]


def test_no_cell_of_any_file_of_the_report_runs_in_a_spreadsheet(analysed: Analysed) -> None:
    out = analysed.out
    paths = [*out.glob("*.csv"), *(out / "tables").glob("*.csv")]
    assert len(paths) > 20
    texts = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as stream:
            texts += [cell for row in csv.reader(stream) for cell in row if not is_number(cell)]
    assert [text for text in texts if text.startswith(("=", "+", "-", "@"))] == []
    assert "'=HYPERLINK(1)" in texts
    assert '"\'=HYPERLINK(1)"' in (out / "analysis.R").read_text(encoding="utf-8")


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_the_command_says_what_it_wrote_and_the_same_data_give_the_same_bytes(
    analysed: Analysed, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    done = CliRunner().invoke(cli, ["analyze", "--csv", str(analysed.file), "--out", str(again), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["figures"] == 7
    first, second = bytes_below(analysed.out), bytes_below(again)
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] == []


def bytes_below(folder: Path) -> dict[Path, bytes]:
    paths = sorted(folder.rglob("*"))
    return {path.relative_to(folder): path.read_bytes() for path in paths if path.is_file()}


@pytest.mark.parametrize(
    "change,sentence",
    [
        (lambda frame: frame.drop(columns="model"), "no column for model"),
        (lambda frame: frame.drop(columns=["Completeness", "Plausibility"]), "any of the constructs"),
        (lambda frame: frame.assign(Completeness=7.5), "line 2: Completeness is 7.5"),
        (lambda frame: frame.assign(Completeness="many"), "no number"),
        (lambda frame: frame.assign(Completeness=""), "is empty"),
        (lambda frame: frame.head(0), "no rows"),
    ],
)
def test_files_that_do_not_fit_are_refused_in_a_sentence(tmp_path: Path, change: Any, sentence: str) -> None:
    path = paper_file(tmp_path / "old.csv")
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(Invalid, match=sentence):
        analyze_csv(path, tmp_path / "out")


@pytest.mark.usefixtures("unrendered")
@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame[frame["condition"] == "a"],
        lambda frame: frame.head(1),
        lambda frame: frame[frame["participant"] == "p0"],
        lambda frame: frame.assign(clarity=3, use=3),
        lambda frame: frame.assign(clarity=frame["clarity"].where(frame.index % 4 != 0)),
        lambda frame: frame[(frame["condition"] != "c") | (frame["participant"] == "p3")],
    ],
    ids=["one condition", "one row", "one participant", "constant", "missing", "empty cells"],
)
def test_odd_studies_give_sentences_and_never_a_crash(tmp_path: Path, change: Any) -> None:
    out = tmp_path / "out"
    analyze_csv(paper_file(tmp_path / "old.csv", change(make_ratings(4))), out)
    assert all(np.isfinite(float(row["value"])) for row in figures(out))
    for path in (out / "tables").glob("*.csv"):
        assert "nan" not in path.read_text(encoding="utf-8").lower().split(",")


def test_tests_of_conditions_are_repeated_for_right_and_for_wrong_answers(
    web: TestClient, database: Database
) -> None:
    set_up(database)
    for shift in range(3):
        take(web, shift=shift)
    with database.snapshot() as session:
        material = read_study(session, "small", "test")
    frame = material.frame.assign(answer_correct=np.arange(len(material.frame)) % 2)
    found = list(correctness(replace(material, frame=frame)))
    for number, name in ((1, "right"), (0, "wrong")):
        rows = frame[frame["answer_correct"] == number]
        samples = [values.to_numpy() for _, values in rows.groupby("condition", observed=True)["Quality"]]
        [statistic] = [
            one.value
            for one in found
            if isinstance(one, Statistic)
            and one.key == Key("kruskal_by_correctness", "all_rows", "Quality", term=f"answer {name}")
            and one.quantity == "H"
        ]
        assert statistic == pytest.approx(stats.kruskal(*samples).statistic, rel=1e-12)
    kinds = {one.key.analysis.removesuffix("_by_correctness") for one in found}
    assert kinds == {"describe", "kruskal", "dunn", "vargha_delaney"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the test above reads both kinds
@pytest.mark.usefixtures("unrendered")
def test_a_study_is_analysed_with_its_flow_and_its_declared_exclusions(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    rules = {"attention_failed_at_least": 1, "faster_than_sd": 3, "straightlining": True}
    two = constructs("plausibility", "completeness")
    set_up(database, constructs=two, analysis={"reference": "mt", "exclude": rules})
    for shift in range(3):
        take(web, shift=shift)
    take(web, items=5)
    with database.snapshot() as session:
        done = analyze_study(session, "small", tmp_path / "out")
    assert done["responses"] == 3 * 12 + 5
    assert done["figures"] == 10
    html = re.sub(r"\s*(<[^>]+>)\s*", r"\1", (tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert '<tr><th scope="row">arrived</th><td>4</td></tr>' in html
    assert '<tr><th scope="row">completed</th><td>3</td></tr>' in html
    assert "<td>gave the same rating to everything</td><td>0</td><td>0</td>" in html
    assert "1 (definition " in html
    assert "The exclusion rules take nobody out" in html
    assert "<h3>All rows</h3>" in html
    assert "<h3>After the declared exclusions" not in html  # these are all rows
    assert "This report is not final" in html
    rows = figures(tmp_path / "out")
    assert {row["variant"] for row in rows} == {"all_rows", "no_outliers", "completers", "published"}
    assert (
        value(rows, analysis="describe", variant="all_rows", construct="Quality", group1="", quantity="n")
        == 41
    )
    manifest = pd.read_csv(tmp_path / "out" / "data.csv")
    assert set(manifest["version"]) == {1}
    assert manifest.groupby("text")["text_sha256"].nunique().max() == 1
    assert set(manifest["condition"]) <= {"CF:Unrevised", "MT:Unrevised", "MT+CF:Unrevised", "MT+CF:Revised"}


def test_a_study_nobody_rated_or_nobody_knows_is_refused(database: Database, tmp_path: Path) -> None:
    set_up(database, **published())
    with database.snapshot() as session:
        with pytest.raises(Conflict, match="Nobody has rated"):
            analyze_study(session, "small", tmp_path)
        with pytest.raises(NotFound, match="no study 'other'"):
            analyze_study(session, "other", tmp_path)


def test_the_command_says_what_it_needs(tmp_path: Path) -> None:
    runner = CliRunner()
    for arguments in (["analyze", "--out", "x"], ["analyze", "slug", "--csv", "x", "--out", "y"]):
        refused = runner.invoke(cli, arguments)
        assert refused.exit_code == 1
        assert "one of the two" in refused.output
    missing = runner.invoke(
        cli, ["analyze", "--csv", str(tmp_path / "none.csv"), "--out", str(tmp_path / "o")]
    )
    assert missing.exit_code == 1
    assert "No such file" in missing.output


@needs_data
def test_the_published_studys_figures_in_the_file_are_rs(tmp_path: Path) -> None:
    """The limits are those of the golden file's description."""
    material = read_csv(DATA / "study.csv", "")
    with side_by_side(len(material.frame)) as executor:
        write_statistics(tmp_path, everything(material, executor))
    found = errors.worst(errors.read(tmp_path / "statistics.csv"))
    assert len(found) > 25
    for error, family, _ in found:
        kind, _, quantity = family.partition(" ")
        limit = {
            "clmm": 1e-3,
            "icc": 1e-4,
            "mixed_model": 1e-5,
            "mixed_model_plain": 1e-5,
            "shapiro": 1e-6,
            "shapiro_multivariate": 1e-6,
        }.get(kind, 1e-9)
        assert error < (1e-4 if quantity == "variance" else limit), family


def test_the_r_script_can_be_parsed_where_there_is_r(analysed: Analysed) -> None:
    try:
        done = subprocess.run(
            ["Rscript", "-e", f"invisible(parse('{analysed.out / 'analysis.R'}'))"],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("there is no R here")
    assert done.returncode == 0, done.stderr
