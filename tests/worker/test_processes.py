"""Real worker processes: kill -9 loses and doubles nothing, and a run becomes a bundle and a study."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.checkpoints import service as checkpoints
from app.checkpoints.intake import take_in
from app.checkpoints.queries import checkpoint_by_name
from app.contract.bundle import read_bundle
from app.explanations import progress, runs
from app.explanations.export import export_run
from app.explanations.planning import plan_batches
from app.models import Condition, Explanation, Item
from app.settings import Settings
from app.studies import service as studies
from app.web.db import Database
from tests.factories import make_definition, make_question_set
from tests.worker.students import make_llama


def start_worker(settings: Settings, log: Path) -> "subprocess.Popen[bytes]":
    env = {
        **os.environ,
        "HONEYGLASS_HOME": str(settings.home),
        "HONEYGLASS_DATABASE_URL": settings.database_url,
        "HONEYGLASS_LEASE_SECONDS": "2",
        "HONEYGLASS_WORKER_THREADS": "1",
    }
    with log.open("ab") as out:
        return subprocess.Popen([sys.executable, "-m", "app.worker"], env=env, stdout=out, stderr=out)


def wait_until(condition: Any, log: Path, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def test_two_killed_workers_lose_and_double_nothing(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "plan_batches", plan_small)
    taken = take_in(settings, str(make_llama(tmp_path / "llama")))
    with database.transaction(writing=True) as session:
        checkpoint = checkpoints.register(session, taken, "llama")
        make_question_set(session, 200)
    log = tmp_path / "worker.log"
    worker = start_worker(settings, log)

    def state() -> str:
        with database.transaction() as session:
            return checkpoint_by_name(session, "llama").state

    wait_until(lambda: state() not in {"registered", "verifying"}, log)
    assert state() == "ready", log.read_text()
    with database.transaction(writing=True) as session:
        run_id = runs.create_run(session, runs.Plan("llama", "set")).id

    def done() -> int:
        with database.transaction() as session:
            return progress.progress(session, run_id).done

    for least in (8, 80):
        wait_until(lambda least=least: done() >= least, log)
        worker.kill()
        worker.wait()
        worker = start_worker(settings, log)
    wait_until(lambda: done() == 200, log)
    worker.kill()
    worker.wait()
    with database.transaction(writing=True) as session:
        found = progress.progress(session, run_id)
        assert (found.state, found.done) == ("complete", 200)
        distinct = select(func.count(func.distinct(Explanation.question_id))).where(
            Explanation.run_id == run_id
        )
        assert session.scalar(distinct) == 200
        record = session.scalars(select(Explanation.record).where(Explanation.run_id == run_id)).first()
        assert record is not None
        assert record["model_sha256"] == checkpoint.model_sha256
        assert record["versions"]["torch"]
        assert export_run(session, run_id, tmp_path / "bundle") == 200
        conditions = [{"key": key, "label": key, "source": {"checkpoint": "llama"}} for key in ("one", "two")]
        studies.save_draft(session, make_definition(conditions=conditions))
        launched = studies.launch(session, "small")
        assert launched.items == 16
        assert set(session.scalars(select(Condition.source))) == {"checkpoint:llama"}
        checkpoints.retire(session, "llama")
        assert len(session.scalars(select(Item.sha256)).all()) == 16
    assert len(read_bundle(tmp_path / "bundle").rows) == 200


def plan_small(asked: Any, new_tokens: int) -> list[list[int]]:
    return plan_batches(asked, new_tokens, most_questions=8)
