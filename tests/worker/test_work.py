"""A worker's tasks, each student in its process: tries again, stops, answers somebody who waits."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import psutil
import pytest
import torch
from sqlalchemy import func, select, update

from app.checkpoints import service as checkpoints
from app.checkpoints.intake import take_in
from app.models import Checkpoint, Explanation, GenerationBatch, GenerationRun
from app.queue import TRY, answer, enqueue, make_queue
from app.runs import progress
from app.runs import service as runs
from app.settings import Settings
from app.students.told import Posed, Told
from app.web.db import Database
from app.worker.__main__ import handlers, sweep
from app.worker.student_process import StudentFailed, StudentProcess
from app.worker.work import Workbench
from tests.factories import make_question_set
from tests.worker.hostile import HANGS_ON_QUESTIONS, make_chatty
from tests.worker.manifests import make_manifest
from tests.worker.students import finish, make_llama


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_llama(tmp_path_factory.mktemp("students") / "tiny")


@pytest.fixture
def sqlite_settings(sqlite_url: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url=sqlite_url, lease_seconds=1, worker_threads=1)


@pytest.fixture
def bare(sqlite_settings: Settings) -> Iterator[Workbench]:
    """A worker beside a database with eight questions."""
    database = Database(sqlite_settings.url)
    made = Workbench(sqlite_settings, database, make_queue(sqlite_settings))
    with database.transaction(writing=True) as session:
        make_question_set(session)
    yield made
    made.let_go()
    database.engine.dispose()


@pytest.fixture(scope="module")
def keeper() -> Iterator[Workbench]:
    """Keeps the process of the tiny student from one test to the next: loading its libraries takes long."""
    made = Workbench(Mock(), Mock(), Mock())
    yield made
    made.let_go()


@pytest.fixture
def bench(bare: Workbench, keeper: Workbench, tiny: Path) -> Iterator[Workbench]:
    """The same with a verified student."""
    taken = take_in(bare.settings, str(tiny))
    with bare.database.transaction(writing=True) as session:
        checkpoint_id = checkpoints.register(session, taken, "tiny").id
    bare.loaded, keeper.loaded = keeper.loaded, None
    bare.verify(checkpoint_id)
    yield bare
    bare.loaded, keeper.loaded = None, bare.loaded


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
        raise StudentFailed("out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(StudentProcess, "ask", fail)
        bench.generate(run_id)
    assert look(bench, run_id) == ("running", 0)
    assert bench.queue.scheduled_count() + bench.queue.pending_count() == 1
    bench.generate(run_id)  # too early: nothing is due
    assert look(bench, run_id) == ("running", 0)
    with bench.database.transaction(writing=True) as session:
        batch = session.scalars(select(GenerationBatch)).one()
        assert batch.error == "out of memory"
        batch.not_before = datetime.now(UTC)
    bench.generate(run_id)
    assert look(bench, run_id) == ("complete", 8)
    bench.generate(run_id)
    with bench.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Explanation)) == 8


@pytest.mark.parametrize("mistake", [TypeError, AssertionError, OSError])
def test_a_mistake_of_ours_fails_batch_and_checkpoint_at_once_and_is_raised_for_the_log(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, mistake: type[Exception]
) -> None:
    run_id = make_run(bench)
    monkeypatch.setattr(bench, "student", Mock(side_effect=mistake("a mistake")))
    with pytest.raises(mistake):
        bench.generate(run_id)
    with bench.database.transaction(writing=True) as session:
        batch = session.scalars(select(GenerationBatch)).first()
        assert batch is not None
        assert batch.state == "waiting"  # to be tried again after its pause, not after a lease
        said = f"Something went wrong on our side ({mistake.__name__}); the worker's log says more."
        assert batch.error == said
        checkpoint = session.scalars(select(Checkpoint)).one()
        checkpoint.state = "registered"
    with pytest.raises(mistake):
        bench.verify(checkpoint.id)
    with bench.database.transaction() as session:
        assert session.scalars(select(Checkpoint.reason)).one() == said


def test_somebody_who_tries_a_student_gets_its_answer_or_a_sentence_through_the_queue(
    bench: Workbench, sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "app.worker.__main__.Workbench", lambda *_: bench
    )  # whose student is let go afterwards
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


def test_a_trial_shows_what_each_step_wrote_though_two_have_one_name(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(_way: str, posed: Sequence[Posed], _seconds: float) -> list[Told]:
        said: dict[str, Any] = {
            "name": "say",
            "input": "?",
            "input_tokens": 1,
            "tokens": 1,
            "is_truncated": False,
        }
        turns = [said | {"output": "one"}, said | {"output": "two"}]
        fields: dict[str, Any] = {
            "answer": None,
            "explanation": None,
            "missing": (),
            "turns": turns,
            "record": {},
        }
        return [Told.model_validate(fields | {"question_id": one.id}) for one in posed]

    bench = Workbench(sqlite_settings, Mock(), Mock())
    monkeypatch.setattr(bench, "student", lambda *_: Mock(ask=tell))
    trial = bench.try_out(Checkpoint(manifest=json.loads(make_manifest())))
    assert [one["outputs"] for one in trial] == [["one", "two"]] * 3


def test_a_cancelled_run_stops_in_mid_batch_and_stores_nothing(bare: Workbench, tmp_path: Path) -> None:
    """Even one that hangs in a library: its process is killed."""
    taken = take_in(bare.settings, str(make_chatty(tmp_path / "hanging", HANGS_ON_QUESTIONS)))
    with bare.database.transaction(writing=True) as session:
        hanging = checkpoints.register(session, taken, "hanging").id
    bare.verify(hanging)
    with bare.database.transaction(writing=True) as session:
        run_id = runs.create_run(session, runs.Plan("hanging", "set")).id

    def cancel_once_it_hangs() -> None:
        assert bare.loaded is not None
        while used_s(bare.loaded[1].process.pid) < idle_s + 0.5:
            time.sleep(0.05)
        with bare.database.transaction(writing=True) as session:
            runs.cancel_run(session, run_id)

    assert bare.loaded is not None
    idle_s = used_s(bare.loaded[1].process.pid)
    canceller = threading.Thread(target=cancel_once_it_hangs)
    canceller.start()
    bare.generate(run_id)
    canceller.join()
    assert look(bare, run_id) == ("cancelled", 0)
    assert bare.queue.scheduled_count() + bare.queue.pending_count() == 0
    assert not bare.loaded[1].is_alive


def test_a_student_that_hangs_on_real_questions_alone_is_given_up_at_the_second_time(
    bare: Workbench, tmp_path: Path
) -> None:
    taken = take_in(bare.settings, str(make_chatty(tmp_path / "hanging", HANGS_ON_QUESTIONS)))
    with bare.database.transaction(writing=True) as session:
        hanging = checkpoints.register(session, taken, "hanging").id
    bare.verify(hanging)
    bare.settings = bare.settings.model_copy(update={"student_batch_seconds": 1})
    with bare.database.transaction(writing=True) as session:
        run_id = runs.create_run(session, runs.Plan("hanging", "set")).id
    for state in ("running", "failed"):
        bare.generate(run_id)
        assert look(bare, run_id) == (state, 0)
        with bare.database.transaction(writing=True) as session:
            session.execute(update(GenerationBatch).values(not_before=datetime.now(UTC)))
    with bare.database.transaction() as session:
        reason = str(session.get_one(GenerationRun, run_id).reason)
    assert reason.endswith("is asked no more. Answering took longer than 1 s, so it was stopped.")


def used_s(pid: int) -> float:
    return psutil.Process(pid).cpu_times().user


def test_what_cannot_be_loaded_fails_with_a_reason_without_this_machines_paths(
    bare: Workbench, tmp_path: Path, sqlite_settings: Settings
) -> None:
    folder = make_llama(tmp_path / "odd")
    (folder / "config.json").write_text('{"model_type": "llama", "hidden_size": 31}')
    finish(folder, architecture="decoder-only", files={})
    with bare.database.transaction(writing=True) as session:
        odd = checkpoints.register(session, take_in(sqlite_settings, str(folder)), "odd").id
    sweep(bare.database, bare.queue)
    assert bare.queue.pending_count() == 1
    sweep(bare.database, bare.queue)
    assert bare.queue.pending_count() == 1
    bare.verify(odd)
    with bare.database.transaction() as session:
        found = session.get_one(Checkpoint, odd)
    assert found.state == "failed"
    assert found.reason
    assert str(tmp_path) not in found.reason
