"""Real worker processes: kill -9 loses and doubles nothing, two share a run, and a run becomes a study."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.checkpoints import service as checkpoints
from app.checkpoints.intake import take_in
from app.checkpoints.queries import checkpoint_by_name
from app.contract.bundle import read_bundle
from app.models import Checkpoint, Condition, Explanation, GenerationBatch, Item
from app.queue import GENERATE, enqueue, is_worker_missing, make_queue
from app.runs import progress
from app.runs import service as runs
from app.runs.export import export_run
from app.runs.planning import plan_batches
from app.settings import Settings
from app.studies import service as studies
from app.web.db import Database
from tests.factories import make_definition, make_question_set
from tests.servers import PostgresServer
from tests.worker.redis_server import redis_server
from tests.worker.students import make_llama

BATCH = 8


@dataclass
class Workplace:
    """Settings as workers read them, and what they write into."""

    settings: Settings
    database: Database
    log: Path

    def start_worker(self) -> "subprocess.Popen[bytes]":
        env = {
            **os.environ,
            "HONEYGLASS_HOME": str(self.settings.home),
            "HONEYGLASS_DATABASE_URL": self.settings.database_url,
            "HONEYGLASS_REDIS_URL": self.settings.redis_url,
            "HONEYGLASS_LEASE_SECONDS": "2",
            "HONEYGLASS_WORKER_THREADS": "1",
        }
        with self.log.open("ab") as out:
            return subprocess.Popen([sys.executable, "-m", "app.worker"], env=env, stdout=out, stderr=out)

    @contextmanager
    def workers(self, count: int) -> Iterator["list[subprocess.Popen[bytes]]"]:
        """Workers, all of which are dead afterwards, replaced ones too if the test puts them in the list."""
        processes = [self.start_worker() for _ in range(count)]
        try:
            yield processes
        finally:
            for process in processes:
                process.kill()
                process.wait()

    def wait_until(self, condition: Any, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def take_in(self, folder: Path, questions: int) -> None:
        taken = take_in(self.settings, str(make_llama(folder)))
        with self.database.transaction(writing=True) as session:
            checkpoints.register(session, taken, "llama")
            make_question_set(session, questions)

    def state(self) -> str:
        with self.database.transaction() as session:
            return checkpoint_by_name(session, "llama").state

    def start_run(self) -> int:
        self.wait_until(lambda: self.state() not in {"registered", "verifying"})
        assert self.state() == "ready", self.log.read_text()
        with self.database.transaction(writing=True) as session:
            return runs.create_run(session, runs.Plan("llama", "set")).id

    def done(self, run_id: int) -> int:
        with self.database.transaction() as session:
            return progress.progress(session, run_id).done


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        runs,
        "plan_batches",
        lambda asked, new_tokens: plan_batches(asked, new_tokens, most_questions=BATCH),
    )


def assert_each_once(session: Session, run_id: int, total: int) -> None:
    found = progress.progress(session, run_id)
    assert (found.state, found.done) == ("complete", total)
    distinct = select(func.count(func.distinct(Explanation.question_id))).where(Explanation.run_id == run_id)
    assert session.scalar(distinct) == total


def test_two_killed_workers_lose_and_double_nothing_and_a_study_comes_of_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home", database_url=sqlite_url)
    place = Workplace(settings, Database(sqlite_url), tmp_path / "worker.log")
    place.take_in(tmp_path / "llama", 200)
    with place.workers(1) as processes:
        run_id = place.start_run()
        for least in (8, 80):
            place.wait_until(lambda least=least: place.done(run_id) >= least)
            processes[-1].kill()
            processes[-1].wait()
            processes.append(place.start_worker())
        place.wait_until(lambda: place.done(run_id) == 200)
    with place.database.transaction(writing=True) as session:
        assert_each_once(session, run_id, 200)
        record = session.scalars(select(Explanation.record).where(Explanation.run_id == run_id)).first()
        assert record is not None
        assert record["model_sha256"] == session.scalars(select(Checkpoint)).one().model_sha256
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
    place.database.engine.dispose()


def test_a_worker_with_nothing_to_do_is_seen_by_the_web(sqlite_url: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", database_url=sqlite_url)
    place = Workplace(settings, Database(sqlite_url), tmp_path / "worker.log")
    queue = make_queue(settings)
    assert is_worker_missing(queue)
    with place.workers(1):
        place.wait_until(lambda: not is_worker_missing(queue))
    place.database.engine.dispose()


@pytest.mark.postgres
def test_two_workers_share_a_run_through_redis_and_one_may_die(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    with redis_server(tmp_path) as redis_url, postgres.fresh_database() as url:
        settings = Settings(home=tmp_path / "home", database_url=url, redis_url=redis_url)
        place = Workplace(settings, Database(url), tmp_path / "worker.log")
        place.take_in(tmp_path / "llama", 400)
        with place.workers(2) as processes:
            run_id = place.start_run()
            queue = make_queue(settings)
            for _ in range(4):
                enqueue(queue, GENERATE, run_id)
            of_this_run = GenerationBatch.run_id == run_id, GenerationBatch.state == "done"
            by_worker = select(func.count(func.distinct(GenerationBatch.worker))).where(*of_this_run)

            def workers_seen() -> int:
                with place.database.transaction() as session:
                    return session.scalar(by_worker) or 0

            place.wait_until(lambda: workers_seen() == 2)
            processes[0].kill()
            place.wait_until(lambda: place.done(run_id) == 400)
        with place.database.transaction() as session:
            assert_each_once(session, run_id, 400)
        place.database.engine.dispose()
    assert not (settings.home / "queue.db").exists()
