"""A job's command is one that the command line knows."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.background.commands import COMMANDS, command
from app.cli import cli
from app.jobs.service import KINDS, Kind
from app.models import Job
from tests.jobs.made import EXPORT

REHEARSAL = {
    "url": "http://127.0.0.1:1",
    "participants": 2,
    "concurrency": 1,
    "dropout": 0.5,
    "seed": 3,
    "force": True,
}
ARGUMENTS: dict[Kind, dict[str, Any]] = {
    "report": {"versions": "2"},
    "package": {},
    "export": EXPORT | {"include_synthetic": True, "include_uncounted": True, "with_external_ids": True},
    "rehearsal": REHEARSAL,
}


def test_every_kind_has_a_command() -> None:
    assert set(COMMANDS) == set(KINDS) == set(ARGUMENTS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_line_takes_it_and_a_slug_is_never_an_option(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONEYGLASS_HOME", str(tmp_path / "none"))
    job = Job(kind=kind, arguments={"slug": "--help", **ARGUMENTS[kind]})
    done = CliRunner().invoke(cli, command(job, tmp_path))
    assert done.exit_code == 1  # 2 would be an option that it does not know, 0 its help
    assert "There is no Honeyglass home" in done.stdout
