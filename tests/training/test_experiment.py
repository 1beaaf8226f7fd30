import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.contract.accuracies import ResultRow, read_results
from app.contract.base import InvalidFile
from training import experiment
from training.experiment import RunFailed, Subprocesses, run_experiment
from training.grid import Grid, Planned, nested, plan, read_grid

# Stands in for both stages: trains by writing a manifest, evaluates by writing an accuracy into it.
STAGE = """
import json, pathlib, sys, tomllib
stage, place = sys.argv[1], pathlib.Path(sys.argv[2])
if stage == "train":
    config = tomllib.loads(place.read_text())
    if config["method"] == "combined" and config["seed"] == 2:
        sys.exit("this student does not converge")
    student = pathlib.Path(config["out"]) / "student"
    student.mkdir()
    (student / "student.json").write_text(json.dumps({"config": config}))
else:
    place = place / "student"
    manifest = json.loads((place / "student.json").read_text())
    config = manifest["config"]
    share = 0.5 + 0.1 * (config["method"] == "combined") + 0.01 * config["seed"] + config["model"]["gain"]
    manifest["evaluation"] = {"accuracy": share}
    (place / "student.json").write_text(json.dumps(manifest))
"""
GRID = """
config = "train.toml"
out = "runs"
seeds = [0, 1, 2]
skip = ["counterfactual:revised"]

[methods]
counterfactual = { method = "counterfactual" }
combined = { method = "combined" }

[data]
unrevised = { data = { explanations = "unrevised" } }
revised = { data = { explanations = "revised" } }

[sizes]
135M = { model = { name = "small" } }
1B = { model = { name = "large", gain = 0.2 } }
"""
TRAIN = 'method = "none"\n[model]\nname = "none"\ngain = 0\n[data]\nfile = "a.jsonl"\n'


@pytest.fixture
def grid_path(tmp_path: Path) -> Path:
    (tmp_path / "stage.py").write_text(STAGE, encoding="utf-8")
    (tmp_path / "train.toml").write_text(TRAIN, encoding="utf-8")
    stage = json.dumps(str(tmp_path / "stage.py"))
    commands = (
        f'\n[commands]\ntrain = ["{{python}}", {stage}, "train", "{{config}}"]\n'
        f'evaluate = ["{{python}}", {stage}, "evaluate", "{{run}}"]\n'
    )
    path = tmp_path / "grid.toml"
    path.write_text(GRID + commands, encoding="utf-8")
    return path


@pytest.fixture
def grid(grid_path: Path) -> Grid:
    return read_grid(grid_path)


def call(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(make_app(), [str(argument) for argument in arguments])
    return result.exit_code, result.output


def make_app() -> typer.Typer:
    app = typer.Typer()
    app.command()(experiment.experiment)
    return app


# The grid


def test_a_grid_is_every_method_with_every_data_size_and_seed_but_what_it_skips(grid: Grid) -> None:
    runs = list(plan(grid))
    assert len(runs) == 3 * 2 * 3
    assert len({run.folder for run in runs}) == len(runs)
    assert not [run for run in runs if (run.method, run.data) == ("counterfactual", "revised")]
    assert [run.seed for run in runs] == sorted(run.seed for run in runs)


def test_a_run_changes_its_own_keys_of_the_shared_config_and_keeps_the_others(grid: Grid) -> None:
    [run] = [run for run in plan(grid) if run.name == "1B-combined-revised-seed1"]
    assert run.config == {
        "method": "combined",
        "seed": 1,
        "out": str(run.folder),
        "name": run.name,
        "model": {"name": "large", "gain": 0.2},
        "data": {"file": "a.jsonl", "explanations": "revised"},
    }


def test_a_dotted_key_leads_into_a_table() -> None:
    assert nested("training.seed", 3) == {"training": {"seed": 3}}


@pytest.mark.parametrize(
    "text,complaint",
    [
        ("seeds = [", "not TOML"),
        ('config = "a"\nout = "b"\nseeds = []\nmethods = {}\ndata = {}\nsizes = {}', "seeds"),
        (GRID.replace("[sizes]", "[models]"), "sizes: required, but missing; models: unknown key"),
    ],
)
def test_a_grid_that_is_wrong_is_refused_with_where(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFile, match=complaint):
        read_grid(path)


# Running it


def test_an_experiment_writes_the_published_shape_and_goes_on_after_a_failed_run(grid: Grid) -> None:
    outcome = run_experiment(grid, Subprocesses(grid.commands))
    assert sorted(outcome.failed) == [
        f"{size}-combined-{data}-seed2" for size in ("135M", "1B") for data in ("revised", "unrevised")
    ]
    assert "exit status 1" in outcome.failed["1B-combined-revised-seed2"]
    rows = read_results(grid.out / "results.csv")
    assert len(rows) == 18 - 4
    assert rows[-1] == ResultRow(2, 0.52 + 0.2, "few-shot-positive-rationale", "1B", "counterfactual-prefix")
    log = (grid.out / "runs/1B-combined-revised-seed2/log.txt").read_text(encoding="utf-8")
    assert "does not converge" in log


def test_a_second_start_runs_only_what_is_not_done(grid: Grid) -> None:
    first: list[str] = []
    second: list[str] = []

    def failing(planned: Planned) -> float:
        first.append(planned.name)
        if planned.seed == 1:
            raise RunFailed("no memory left")
        return 0.5

    def working(planned: Planned) -> float:
        second.append(planned.name)
        return 0.6

    assert len(run_experiment(grid, failing).failed) == 6
    outcome = run_experiment(grid, working)
    assert second == [name for name in first if name.endswith("seed1")]
    assert (len(outcome.rows), outcome.skipped, dict(outcome.failed)) == (18, 12, {})
    assert {row.accuracy for row in outcome.rows if row.run == 1} == {0.6}


def test_a_finished_run_under_another_config_is_not_taken_for_done(grid: Grid) -> None:
    run_experiment(grid, lambda _planned: 0.5)
    grid.config.write_text(TRAIN + "batch = 3\n", encoding="utf-8")
    with pytest.raises(InvalidFile, match="under another config"):
        run_experiment(grid, lambda _planned: 0.5)


def test_a_trained_student_is_evaluated_without_being_trained_again(grid: Grid) -> None:
    run = next(run for run in plan(grid) if run.method == "counterfactual")
    stages = Subprocesses(grid.commands)
    assert stages(run) == 0.5
    # The stub cannot make a folder twice: training once more would fail.
    assert stages(run) == 0.5


def test_a_student_trained_under_another_config_is_not_evaluated_as_this_run(grid: Grid) -> None:
    run = next(run for run in plan(grid) if run.method == "counterfactual")
    stages = Subprocesses(grid.commands)
    stages(run)
    run.config["batch"] = 3
    with pytest.raises(RunFailed, match="under another config"):
        stages(run)


def test_an_evaluation_that_leaves_no_accuracy_is_a_failed_run(grid: Grid) -> None:
    commands = grid.commands.model_copy(update={"evaluate": (sys.executable, "-c", "pass")})
    with pytest.raises(RunFailed, match=r"no evaluation\.accuracy"):
        Subprocesses(commands)(next(plan(grid)))


def test_a_command_that_is_not_there_is_a_failed_run(grid: Grid) -> None:
    commands = grid.commands.model_copy(update={"train": ("/no/such/program",)})
    with pytest.raises(RunFailed, match="cannot start /no/such/program"):
        Subprocesses(commands)(next(plan(grid)))


def test_the_command_runs_the_grid_analyses_it_and_names_what_failed(grid_path: Path) -> None:
    status, said = call(grid_path)
    assert status == 1
    assert "14 runs done, 0 of them before." in said
    assert said.count("\nFailed, 1B-combined-revised-seed2: exit status 1") == 2
    assert (grid_path.parent / "runs/analysis/report.html").is_file()
    assert "the analysis comes to the same conclusions." in said or "The outlier rule turns" in said


def test_a_call_without_a_grid_is_refused() -> None:
    assert call()[0] == 2


def test_what_the_analysis_cannot_do_is_said_and_fails_the_command(
    grid_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (sys.executable, "-c", "import sys; sys.exit('Error: no analysis today')")
    monkeypatch.setattr(experiment, "ANALYSIS", broken)
    monkeypatch.setattr(experiment, "Subprocesses", lambda _commands: lambda _planned: 0.5)
    status, said = call(grid_path)
    assert status == 1
    assert "Error: no analysis today" in said
    assert "18 runs done" in said
