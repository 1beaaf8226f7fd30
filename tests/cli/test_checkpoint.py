"""Checkpoints from the command line, up to where a worker takes over."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.checkpoints import service
from app.contract.bundle import read_bundle
from app.models import Question
from app.queue import make_queue
from app.runs import service as runs
from app.runs.service import Written
from app.settings import Settings
from app.web.db import Database
from tests.checkpoints.folders import make_student
from tests.cli.conftest import Honeyglass
from tests.factories import make_question_set

TRIAL = [
    {
        "question": "Where is milk?",
        "choices": ["fridge", "oven"],
        "answer": None,
        "explanation": "Cold\nthere.",
    }
]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def added(honeyglass: Honeyglass, tmp_path: Path) -> Honeyglass:
    """A home with a student that waits for a worker."""
    answer = honeyglass("checkpoint", "add", make_student(tmp_path / "student"), "--name", "tiny")
    assert answer.status == 0, answer.complaint
    assert "Left behind: optimizer.pt, training_args.bin." in answer.out
    return honeyglass


def verify(home: Settings) -> None:
    """What a worker would do."""
    database = Database(home.url)
    with database.transaction(writing=True) as session:
        service.start_verifying(session, 1, 60)
        service.finish_verifying(session, 1, TRIAL)
        make_question_set(session, 2)
    database.engine.dispose()


def write_all(home: Settings) -> None:
    """What a worker would do with a run of two questions."""
    database = Database(home.url)
    with database.transaction(writing=True) as session:
        batch = runs.claim_batch(session, 1, "w", 60)
        assert batch is not None
        told = [Written(one.id, "yes", "It is so.", False, (), {}) for one in session.query(Question)]
        runs.store_batch(session, batch.id, "w", told, 1000)
    database.engine.dispose()


def test_a_checkpoint_is_added_shown_asked_exported_and_retired(
    added: Honeyglass, home: Settings, tmp_path: Path
) -> None:
    assert added("checkpoint", "list").out == "tiny  registered\n"
    assert make_queue(home).pending_count() == 1
    early = added("checkpoint", "generate", "tiny", "--questions", "set")
    assert (early.status, early.complaint) == (
        1,
        "Error: Checkpoint 'tiny' has not been verified yet; a worker does that (honeyglass worker).\n",
    )
    verify(home)
    started = added("checkpoint", "generate", "tiny", "--questions", "set", "--json").json
    assert (started["run_id"], started["state"], started["total"]) == (1, "running", 2)
    assert "running (0 of 2)" in added("checkpoint", "export", "1", "--out", tmp_path / "out").complaint
    write_all(home)
    shown = added("checkpoint", "show", "tiny").out
    assert "answer: (no marker, so nothing was read)" in shown
    assert "explanation: Cold there." in shown
    assert "Run 1 on 'set', one, fp32: complete, 2 of 2" in shown
    assert "right 2 of 2: 100.0%, 95 % interval 34.2% to 100.0%" in shown
    said = ("--description", "By a tiny student.", "--licence", "Apache-2.0")
    assert added("checkpoint", "export", "1", "--out", tmp_path / "out", *said).out.startswith(
        "Wrote 2 explanations"
    )
    manifest = read_bundle(tmp_path / "out").manifest
    assert manifest is not None
    assert (manifest.description, manifest.licence) == ("By a tiny student.", "Apache-2.0")
    student = json.loads((tmp_path / "student" / "student.json").read_text(encoding="utf-8"))
    told: Any = manifest.provenance["student"]
    assert told["base"]["id"] == student["base"]["id"]
    imported = added("bundle", "import", tmp_path / "out", "--name", "again", "--strict")
    assert imported.out.startswith("Imported 2 explanations of 'set' as 'again'; 0 set aside.")
    assert added("checkpoint", "retire", "tiny").out == "Checkpoint 'tiny' is retired.\n"
    assert "is retired already" in added("checkpoint", "retire", "tiny").complaint


def test_waiting_for_a_run_that_is_cancelled_ends_with_a_sentence(
    added: Honeyglass, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify(home)

    def cancel(_seconds: float) -> None:
        assert added("checkpoint", "cancel", "1").out == "Run 1 is cancelled.\n"

    monkeypatch.setattr("app.cli.checkpoint.time.sleep", cancel)
    waited = added("checkpoint", "generate", "tiny", "--questions", "set", "--wait")
    assert waited.status == 1
    assert "run 1: no worker has taken it yet (honeyglass worker)" in waited.complaint
    assert waited.complaint.endswith("Error: Run 1 was cancelled, 0 of 2.\n")


def test_a_failed_checkpoint_is_verified_again(added: Honeyglass, home: Settings) -> None:
    assert "only a failed one" in added("checkpoint", "verify", "tiny").complaint
    database = Database(home.url)
    with database.transaction(writing=True) as session:
        service.start_verifying(session, 1, 60)
        service.fail_verifying(session, 1, "The base model is nowhere.")
    database.engine.dispose()
    assert added("checkpoint", "list").out == "tiny  failed  The base model is nowhere.\n"
    assert added("checkpoint", "verify", "tiny").out.startswith("'tiny' is registered again.")


def test_a_refused_student_leaves_nothing_behind(honeyglass: Honeyglass, tmp_path: Path) -> None:
    folder = make_student(tmp_path / "student")
    (folder / "model.safetensors").unlink()
    answer = honeyglass("checkpoint", "add", folder, "--name", "tiny")
    assert answer.status == 1
    assert "There are no weights" in answer.complaint
    assert "is no name" in honeyglass("checkpoint", "add", folder, "--name", "Bad Name").complaint
    assert honeyglass("checkpoint", "list").out == "No checkpoints yet.\n"
    assert not list((tmp_path / "home" / "checkpoints").iterdir())


def test_without_pytorch_a_worker_says_what_to_install(honeyglass: Honeyglass, tmp_path: Path) -> None:
    assert honeyglass("checkpoint", "list").status == 0
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys; sys.modules['torch'] = None")
    paths = [str(hidden), str(Path(__file__).parents[2])]
    done = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "worker"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "is not installed" in done.stderr
    assert "make worker" in done.stderr
