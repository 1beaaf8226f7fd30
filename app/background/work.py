"""Doing jobs: each as a command in a process of its own, held by a lease while that is under way."""

import logging
import os
import shutil
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.background.commands import command
from app.background.running import Running
from app.jobs import service
from app.jobs.files import REPORT, folder_of, tidy
from app.jobs.service import KINDS, Kind, Progress
from app.models import Job
from app.settings import Settings
from app.web.db import Database

log = logging.getLogger("honeyglass.background")
LONG: tuple[Kind, ...] = ("report", "rehearsal")  # one at a time, so that files never wait for them
LONGEST_S = 3600
TOO_LONG = "It took more than an hour, so it was stopped; run it on the command line."
LOOK_S = 0.5  # for the process's end, and for a cancel
NOTED_EVERY_S = 2.0  # the progress
SURE_OF_LEASE = 0.75
NO_ROOM = "The server could not write its files ({}). Is its disk full? Nothing of it is kept."


@dataclass
class Bench:
    """One process's place to work on as many jobs at once as it has threads."""

    settings: Settings
    database: Database
    stopping: threading.Event = field(default_factory=threading.Event)
    look_s: float = LOOK_S

    def __post_init__(self) -> None:
        self.name = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        self.lock = threading.Lock()
        self.long_one = False
        self.under_way = 0

    def work(self) -> None:
        """Do jobs until none waits that may be begun now."""
        while not self.stopping.is_set():
            with self.lock:
                job = self.claim()
                if job is None:
                    return
                self.under_way += 1
                self.long_one |= job.kind in LONG
            try:
                self.do(job)
            finally:
                with self.lock:
                    self.under_way -= 1
                    self.long_one &= job.kind not in LONG

    def claim(self) -> Job | None:
        kinds = [kind for kind in KINDS if not (self.long_one and kind in LONG)]
        with self.database.transaction(writing=True) as session:
            return service.claim(session, self.name, self.settings.lease_seconds, kinds)

    def do(self, job: Job) -> None:
        """Do one job and note what it came to; nothing that it made stays unless it is kept."""
        lease = Lease(self, job.id)
        try:
            told = self.run(job, lease)
        except OSError as error:
            log.exception("job %s could not be done", job.id)
            told = {"ok": False, "error": NO_ROOM.format(error.strerror or type(error).__name__)}
        if told is not None:
            self.note(job, told, lease)
        try:
            tidy(self.settings, self.database)
            self.forget_erased(job)
        except SQLAlchemyError as error:
            log.warning("the files of job %s stay until the next look: %s", job.id, error)

    def run(self, job: Job, lease: "Lease") -> dict[str, Any] | None:
        """What its command said at last; None if it did not come to its end, which is noted then."""
        folder = folder_of(self.settings, job)
        folder.mkdir(parents=True, mode=0o700)
        with tempfile.TemporaryFile() as complaints:
            running = Running(self.settings, command(job, folder), complaints)
            try:
                is_over = self.watch(job, running, lease)
            finally:
                running.kill()
            told = running.outcome() if is_over else None
        if told and told.get("ok") and job.kind == "report":
            shutil.make_archive(str(folder / REPORT), "zip", folder / REPORT)
        return told

    def forget_erased(self, job: Job) -> None:
        """Empty SQLite's log of answers that were erased while the job read them: the erasing could not."""
        with self.database.transaction() as session:
            is_stale = session.get_one(Job, job.id).is_stale
        if is_stale:
            self.database.empty_log()

    def watch(self, job: Job, running: Running, lease: "Lease") -> bool:
        """Whether it came to an end by itself. One that is not wanted any more is left, the rest noted."""
        deadline = time.monotonic() + LONGEST_S
        while not running.has_ended(self.look_s):
            if self.stopping.is_set():
                lease.settle(lambda session: service.give_back(session, job.id, self.name))
                return False
            if time.monotonic() > deadline or not lease.goes_on(running.progress):
                lease.settle(lambda session: service.fail(session, job.id, self.name, TOO_LONG))
                return False
        return True

    def note(self, job: Job, told: dict[str, Any], lease: "Lease") -> None:
        # A rehearsal that finds a fault is done, and says which.
        is_done = told.get("ok") or (job.kind == "rehearsal" and "error" not in told)
        of_command = {"out"} if job.kind == "rehearsal" else {"ok", "out"}
        result = {name: value for name, value in told.items() if name not in of_command}
        reason = without_home(self.settings, str(told.get("error", "")))

        def end(session: Session) -> None:
            if is_done:
                service.finish(session, job.id, self.name, result)
            else:
                service.fail(session, job.id, self.name, reason)

        lease.settle(end)
        log.info("job %s (%s of %s): %s", job.id, job.kind, job.subject, "done" if is_done else "failed")


def without_home(settings: Settings, reason: str) -> str:
    """Where the home is on the server is nobody's concern who reads why a job failed."""
    for home in {str(settings.home.resolve()), str(settings.home)}:
        reason = reason.replace(f"{home}/", "")
    return reason


class Lease:
    """A job that this process holds: kept while somebody wants it, and its progress noted now and then."""

    def __init__(self, bench: Bench, job_id: int) -> None:
        self.bench, self.job_id = bench, job_id
        self.noted_at = time.monotonic()
        self.noted: Progress | None = None

    def goes_on(self, progress: Progress | None) -> bool:
        """Whether the job is still wanted; a database that does not answer decides nothing."""
        passed_s = time.monotonic() - self.noted_at
        every_s = self.bench.settings.lease_seconds / 4
        if progress != self.noted:
            every_s = min(every_s, NOTED_EVERY_S)
        try:
            with self.bench.database.transaction() as session:
                is_wanted = service.is_wanted(session, self.job_id, self.bench.name)
            if is_wanted and passed_s > every_s:
                self.note(progress)
        except SQLAlchemyError as error:
            log.warning("job %s could not be prolonged: %s", self.job_id, error)
            return True
        return is_wanted

    def settle(self, change: Callable[[Session], None]) -> None:
        """Write what became of the job; a database that does not answer is asked again while it is ours."""
        while True:
            try:
                with self.bench.database.transaction(writing=True) as session:
                    change(session)
            except SQLAlchemyError as error:
                log.warning("what became of job %s could not be written: %s", self.job_id, error)
            else:
                return
            # Not to its very end: a thread of this same bench may hold the job after it.
            if time.monotonic() - self.noted_at > self.bench.settings.lease_seconds * SURE_OF_LEASE:
                log.error("job %s is lost to its lease: the database did not answer", self.job_id)
                return
            time.sleep(self.bench.look_s)

    def note(self, progress: Progress | None) -> None:
        bench = self.bench
        with bench.database.transaction(writing=True) as session:
            service.prolong(session, self.job_id, bench.name, bench.settings.lease_seconds, progress)
        self.noted_at, self.noted = time.monotonic(), progress
