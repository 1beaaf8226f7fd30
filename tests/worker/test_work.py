"""A worker's tasks in the test's own process: tries again, stops, answers somebody who waits."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch
from sqlalchemy import func, select

from app.checkpoints import service as checkpoints
from app.checkpoints.intake import take_in
from app.contract.student import Step
from app.explanations import progress, runs
from app.models import Checkpoint, Explanation, GenerationBatch
from app.queue import TRY, answer, enqueue, make_queue
from app.settings import Settings
from app.web.db import Database
from app.worker import asking, work
from app.worker.__main__ import handlers, sweep
from app.worker.work import Workbench
from tests.factories import make_question_set
from tests.worker.students import finish, make_llama


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("students") / "tiny")


@pytest.fixture
def sqlite_settings(sqlite_url: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url=sqlite_url, lease_seconds=1)


@pytest.fixture
def bench(sqlite_settings: Settings, tiny: Path) -> Workbench:
    """A worker beside a database with a verified student and eight questions."""
    torch.set_num_threads(1)
    database = Database(sqlite_settings.url)
    made = Workbench(sqlite_settings, database, make_queue(sqlite_settings))
    taken = take_in(sqlite_settings, str(tiny))
    with database.transaction(writing=True) as session:
        checkpoint_id = checkpoints.register(session, taken, "tiny").id
        make_question_set(session)
    made.verify(checkpoint_id)
    return made


def make_run(bench: Workbench) -> int:
    with bench.database.transaction(writing=True) as session:
        return runs.create_run(session, runs.Plan("tiny", "set")).id


def look(bench: Workbench, run_id: int) -> tuple[str, int]:
    with bench.database.transaction() as session:
        found = progress.progress(session, run_id)
        return found.state, found.done


def test_a_batch_that_fails_waits_is_tried_again_and_is_written_once(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = make_run(bench)

    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(work, "ask", fail)
        bench.generate(run_id)
    assert look(bench, run_id) == ("running", 0)
    assert bench.queue.scheduled_count() + bench.queue.pending_count() == 1
    bench.generate(run_id)  # too early: nothing is due
    assert look(bench, run_id) == ("running", 0)
    with bench.database.transaction(writing=True) as session:
        batch = session.scalars(select(GenerationBatch)).one()
        assert batch.error == "RuntimeError: out of memory"
        batch.not_before = datetime.now(UTC)
    bench.generate(run_id)
    assert look(bench, run_id) == ("complete", 8)
    bench.generate(run_id)
    with bench.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Explanation)) == 8


def test_a_cancelled_run_stops_in_mid_batch_and_stores_nothing(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = make_run(bench)
    take_step: Callable[..., None] = asking.take_step

    def cancel_first(student: Any, way: Any, step: Step, tellings: Any, keep_going: Any) -> None:
        with bench.database.transaction(writing=True) as session:
            if progress.progress(session, run_id).state == "running":
                runs.cancel_run(session, run_id)
        while True:  # until the next beat has found out
            keep_going()
            take_step(student, way, step, tellings, keep_going)

    monkeypatch.setattr(asking, "take_step", cancel_first)
    bench.generate(run_id)
    assert look(bench, run_id) == ("cancelled", 0)
    assert bench.queue.scheduled_count() + bench.queue.pending_count() == 0


def test_somebody_who_tries_a_student_gets_its_answer_or_a_sentence_through_the_queue(
    bench: Workbench, sqlite_settings: Settings
) -> None:
    made: list[Any] = []
    queue = make_queue(sqlite_settings, handlers(sqlite_settings, bench.database, made))
    made.append(queue)
    asked = ("two", "Where is milk?", ["fridge", "oven"], None)
    known, unknown = enqueue(bench.queue, TRY, 1, *asked), enqueue(bench.queue, TRY, 99, *asked)
    assert answer(bench.queue, known) is None
    for _ in range(2):
        queue.execute(queue.dequeue())
    found = answer(bench.queue, known)
    assert [step["name"] for step in found["record"]["steps"]] == ["answer", "explanation"]
    assert found["record"]["versions"]["torch"] == torch.__version__
    assert answer(bench.queue, unknown) == {"error": "The checkpoint is not ready."}


def test_what_cannot_be_loaded_fails_with_a_reason_without_this_machines_paths(
    bench: Workbench, tmp_path: Path, sqlite_settings: Settings
) -> None:
    folder = make_llama(tmp_path / "odd")
    (folder / "config.json").write_text('{"model_type": "llama", "hidden_size": 31}')
    finish(folder, architecture="decoder-only", files={})
    with bench.database.transaction(writing=True) as session:
        odd = checkpoints.register(session, take_in(sqlite_settings, str(folder)), "odd").id
    sweep(bench.database, bench.queue)
    assert bench.queue.pending_count() == 1
    sweep(bench.database, bench.queue)
    assert bench.queue.pending_count() == 1
    bench.verify(odd)
    with bench.database.transaction() as session:
        found = session.get_one(Checkpoint, odd)
    assert found.state == "failed"
    assert found.reason
    assert str(tmp_path) not in found.reason
