"""Doing jobs: what a command says becomes the job's state, and nothing is left of what nobody wants."""

import errno
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app.background import running, work
from app.background.work import Bench
from app.jobs import service
from app.jobs.files import tidy
from app.jobs.service import ERASED, Kind
from app.models import Job
from app.settings import Settings
from app.web.db import Database
from tests.jobs.made import make_job, only

LOOK_S = 0.02
SLOW = 'import time\nprint(\'{"done": 1, "total": 4, "doing": "Fitting"}\', flush=True)\ntime.sleep(60)'


def says(told: dict[str, Any], writes: str = "") -> str:
    """A command that writes a file into its folder and says this."""
    return f"import json\n{writes}\nprint({json.dumps(told)!r})"


WRITES = """
import sys, pathlib
folder = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
folder.mkdir(exist_ok=True)
(folder / "report.html").write_text("a report")
"""


@pytest.fixture
def bench(settings: Settings, database: Database) -> Bench:
    return Bench(settings, database, look_s=LOOK_S)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have a script run in the command's place."""
    return lambda script: monkeypatch.setattr(running, "CHILD", [sys.executable, "-c", script])


def ask_for(database: Database, kind: Kind = "report", **more: Any) -> int:
    with database.transaction(writing=True) as session:
        return make_job(session, kind, **more).id


def left(settings: Settings) -> list[str]:
    return [path.name for path in (settings.home / "jobs").glob("*")]


class Aside:
    """A bench at work in a thread."""

    def __init__(self, bench: Bench) -> None:
        self.thread = threading.Thread(target=bench.work)
        self.thread.start()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.thread.join(30)
        assert not self.thread.is_alive()


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(LOOK_S)


def test_what_a_command_says_and_makes_is_kept(
    bench: Bench, database: Database, settings: Settings, commands: Any
) -> None:
    ask_for(database)
    commands(says({"ok": True, "out": "/srv/here", "tables": 3}, WRITES))
    bench.work()
    job = only(database)
    assert (job.state, job.result) == ("done", {"tables": 3})
    made = settings.home / "jobs" / str(job.folder)
    assert (made / "report" / "report.html").read_text() == "a report"
    assert (made / "report.zip").exists()
    assert made.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "script,reason",
    [
        (says({"ok": False, "error": "Nobody has rated anything."}, WRITES), "Nobody has rated anything."),
        ("raise SystemExit('it broke')", running.UNEXPECTED),
        ("import os; os.kill(os.getpid(), 9)", running.KILLED),
    ],
)
def test_a_failure_has_a_reason_and_leaves_no_file(
    bench: Bench, database: Database, settings: Settings, commands: Any, script: str, reason: str
) -> None:
    ask_for(database)
    commands(script)
    bench.work()
    job = only(database)
    assert (job.state, job.reason) == ("failed", reason)
    assert left(settings) == []


def test_what_a_command_did_not_expect_is_in_the_log_alone(
    bench: Bench, database: Database, commands: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ask_for(database)
    commands("raise ValueError('it broke')")
    bench.work()
    assert "ValueError: it broke" in caplog.text
    assert only(database).reason == running.UNEXPECTED


def test_a_reason_does_not_tell_where_the_home_is(
    bench: Bench, database: Database, settings: Settings, commands: Any
) -> None:
    ask_for(database)
    commands(says({"ok": False, "error": f"{settings.home}/jobs/1/report: No space left on device."}))
    bench.work()
    assert only(database).reason == "jobs/1/report: No space left on device."


def test_a_full_disk_is_a_reason_and_the_next_job_is_done(
    bench: Bench, database: Database, settings: Settings, commands: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(settings.home))

    monkeypatch.setattr("shutil.make_archive", fill)
    ask_for(database)
    ask_for(database, "package")
    commands(says({"ok": True}, WRITES))
    bench.work()
    with database.transaction() as session:
        report, package = session.scalars(select(Job).order_by(Job.id))
    assert (report.state, report.reason) == ("failed", work.NO_ROOM.format("No space left on device"))
    assert package.state == "done"


@pytest.mark.parametrize("does_come_back", [True, False])
def test_a_database_that_does_not_answer_for_a_while_loses_no_job(
    bench: Bench, database: Database, commands: Any, monkeypatch: pytest.MonkeyPatch, *, does_come_back: bool
) -> None:
    finish, calls = service.finish, iter([1, 2, 3])

    def finish_late(*told: Any) -> bool:
        if not does_come_back or next(calls) < 3:
            raise OperationalError("UPDATE job", {}, Exception("the connection was lost"))
        return finish(*told)

    monkeypatch.setattr(service, "finish", finish_late)
    if not does_come_back:
        monkeypatch.setattr(work, "SURE_OF_LEASE", 0)
    ask_for(database)
    commands(says({"ok": True}, WRITES))
    bench.work()
    assert only(database).state == ("done" if does_come_back else "running")


def test_a_rehearsal_that_found_a_fault_is_done_and_says_which(
    bench: Bench, database: Database, commands: Any
) -> None:
    asked = {"url": "http://x", "participants": 1, "concurrency": 1, "dropout": 0, "seed": 0, "force": False}
    ask_for(database, "rehearsal", **asked)
    commands(says({"ok": False, "lost": 1, "errors": ["one was lost"]}))
    bench.work()
    assert (only(database).state, (only(database).result or {})["lost"]) == ("done", 1)


def test_a_running_job_shows_how_far_it_is_and_ends_when_it_is_cancelled(
    bench: Bench, database: Database, settings: Settings, commands: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "NOTED_EVERY_S", 0)
    ask_for(database)
    commands(SLOW)
    with Aside(bench):
        wait_for(lambda: only(database).done == 1)
        assert (only(database).total, only(database).doing) == (4, "Fitting")
        with database.transaction(writing=True) as session:
            service.cancel(session, session.scalars(select(Job)).one())
    assert (only(database).state, left(settings)) == ("cancelled", [])


def test_a_job_of_erased_answers_is_stopped_and_says_so(
    bench: Bench,
    database: Database,
    settings: Settings,
    commands: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its process reads what was erased until it ends: only then can SQLite's log be emptied of it."""
    emptied: list[bool] = []
    monkeypatch.setattr(database, "empty_log", lambda: emptied.append(True))
    ask_for(database)
    commands(SLOW)
    with Aside(bench):
        wait_for(lambda: only(database).state == "running")
        with database.transaction(writing=True) as session:
            service.forget(session, session.scalars(select(Job.study_id)).one())
    assert (only(database).state, only(database).reason, left(settings)) == ("failed", ERASED, [])
    assert emptied == [True]
    commands(says({"ok": True}, WRITES))
    ask_for(database)
    bench.work()
    assert emptied == [True]


def test_a_bench_that_has_to_stop_gives_its_job_back(
    bench: Bench, database: Database, settings: Settings, commands: Any
) -> None:
    ask_for(database)
    commands(SLOW)
    with Aside(bench):
        wait_for(lambda: only(database).state == "running")
        bench.stopping.set()
    assert (only(database).state, only(database).attempts, left(settings)) == ("waiting", 0, [])


def test_a_job_that_takes_too_long_is_stopped(
    bench: Bench, database: Database, commands: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "LONGEST_S", 0)
    ask_for(database)
    commands(SLOW)
    bench.work()
    assert (only(database).state, only(database).reason) == ("failed", work.TOO_LONG)


def test_a_job_that_somebody_else_took_over_is_left_to_them(
    bench: Bench, database: Database, commands: Any
) -> None:
    ask_for(database)
    commands(SLOW)
    with Aside(bench):
        wait_for(lambda: only(database).state == "running")
        with database.transaction(writing=True) as session:
            session.execute(update(Job).values(worker="another"))
    assert (only(database).state, only(database).worker) == ("running", "another")


@pytest.fixture
def long_one(bench: Bench, database: Database, commands: Any) -> Iterator[None]:
    ask_for(database)
    commands(SLOW)
    with Aside(bench):
        wait_for(lambda: only(database).state == "running")
        yield
        bench.stopping.set()


@pytest.mark.usefixtures("long_one")
def test_files_do_not_wait_for_a_report_and_a_second_long_job_does(bench: Bench, database: Database) -> None:
    ask_for(database, subject="another")
    assert bench.claim() is None
    number = ask_for(database, "export")
    found = bench.claim()
    assert found is not None
    assert found.id == number


def test_only_the_folders_that_jobs_keep_stay(settings: Settings, bench: Bench, database: Database) -> None:
    ask_for(database)
    kept = settings.home / "jobs" / str(bench.claim() and only(database).folder)
    for path in (kept, settings.home / "jobs" / "0.1"):
        (path / "report").mkdir(parents=True)
    tidy(settings, database)
    assert left(settings) == [Path(kept).name]
