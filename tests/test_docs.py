"""The documents are true: their commands run, their tables name every key, column and setting."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from pydantic import BaseModel

from app.contract.study import Design, StudyDefinition
from app.exports.answers import GIVEN_COLUMNS
from app.exports.paper import PAPER_COLUMNS
from app.exports.tables import ANSWER_COLUMNS, ITEM_COLUMNS, PARTICIPANT_COLUMNS, RESPONSE_COLUMNS
from app.settings import Settings
from app.studies.definition import read_definition
from tests.servers import BIN, WebServer

ROOT = Path(__file__).parents[1]


def commands(document: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.startswith(".venv/bin/honeyglass")]


def test_the_readmes_commands_lead_from_questions_to_ratings(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "demo").symlink_to(ROOT / "demo")

    def run(line: str, port: int) -> None:
        command = [str(BIN / "honeyglass"), *shlex.split(line)[1:]]
        env = {**os.environ, "HONEYGLASS_HOME": str(home), "HONEYGLASS_PORT": str(port)}
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

    lines = commands("README.md")
    begin = next(index for index, line in enumerate(lines) if " simulate " in line)
    for line in lines[:begin]:
        run(line, 8000)
    with WebServer(home, f"sqlite:///{home / 'honeyglass.db'}") as server:
        for line in lines[begin:]:
            run(line, server.port)
    assert len((tmp_path / "ratings.csv").read_text().splitlines()) == 1 + 32 * 6 * 2
    assert len(lines) >= 10


def test_every_setting_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    for name in Settings.model_fields:
        assert f"`HONEYGLASS_{name.upper()}`" in text


def keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    return [f"{prefix}{name}" for name in model.model_fields]


def test_every_key_of_a_study_definition_is_documented() -> None:
    text = (ROOT / "docs" / "files.md").read_text()
    for key in [*keys(StudyDefinition), *keys(Design, "design.")]:
        assert f"`{key}`" in text or f"`{key}." in text, key


def test_every_column_of_an_export_is_documented() -> None:
    text = (ROOT / "docs" / "exports.md").read_text()
    for column in (
        *RESPONSE_COLUMNS,
        *ANSWER_COLUMNS,
        *PARTICIPANT_COLUMNS,
        *ITEM_COLUMNS,
        *PAPER_COLUMNS,
        *GIVEN_COLUMNS,
    ):
        assert f"`{column}`" in text, column


@pytest.mark.parametrize("path", ["demo/study.yaml", "demo/two-students.yaml", "demo/new-study.yaml"])
def test_the_definitions_we_show_are_valid(path: str) -> None:
    assert read_definition(ROOT / path).slug


DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "demo").rglob("*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_in_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_the_makefile_lists_every_target_with_a_description() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607
    for target in ("setup", "run", "test", "check", "rehearse", "bench", "screenshots"):
        assert f"make {target} " in listed
