"""Doing jobs: each as a command in a process of its own, held by a lease while that is under way."""

import logging
import os
import shutil
import socket
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

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
        folder = folder_of(self.settings, job)
        shutil.rmtree(folder, ignore_errors=True)  # of a process that gave the job back and was then killed
        folder.mkdir(parents=True, mode=0o700)
        with tempfile.TemporaryFile() as complaints:
            running = Running(self.settings, command(job, folder), complaints)
            try:
                is_over = self.watch(job, running)
            finally:
                running.kill()
            if is_over:
                self.note(job, running.outcome(), folder)
        tidy(self.settings, self.database)

    def watch(self, job: Job, running: Running) -> bool:
        """Whether it came to an end by itself. One that is not wanted any more is left, the rest noted."""
        lease = Lease(self, job.id)
        deadline = time.monotonic() + LONGEST_S
        while not running.has_ended(self.look_s):
            if self.stopping.is_set():
                with self.database.transaction(writing=True) as session:
                    service.give_back(session, job.id, self.name)
                return False
            if time.monotonic() > deadline or not lease.goes_on(running.progress):
                with self.database.transaction(writing=True) as session:
                    service.fail(session, job.id, self.name, TOO_LONG)
                return False
        return True

    def note(self, job: Job, told: dict[str, Any], folder: Path) -> None:
        # A rehearsal that finds a fault is done, and says which.
        is_done = told.get("ok") or (job.kind == "rehearsal" and "error" not in told)
        if is_done and job.kind == "report":
            shutil.make_archive(str(folder / REPORT), "zip", folder / REPORT)
        with self.database.transaction(writing=True) as session:
            if is_done:
                service.finish(session, job.id, self.name, told)
            else:
                service.fail(session, job.id, self.name, str(told.get("error", "")))
        log.info("job %s (%s of %s): %s", job.id, job.kind, job.subject, "done" if is_done else "failed")


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

    def note(self, progress: Progress | None) -> None:
        bench = self.bench
        with bench.database.transaction(writing=True) as session:
            service.prolong(session, self.job_id, bench.name, bench.settings.lease_seconds, progress)
        self.noted_at, self.noted = time.monotonic(), progress
