"""A table of a study as a file that is sent: a small one at once, another when the background has made it."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from anyio import CapacityLimiter, sleep, to_thread
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.access import Level, study_for
from app.errors import Conflict
from app.exports import queries, service
from app.exports.base import Format, Include
from app.jobs import queries as jobs
from app.jobs.sending import MEDIA, note, send
from app.jobs.service import UNDER_WAY, Order, start
from app.models import Job, Study
from app.queue import WORK, is_worker_missing, tell
from app.web.auth import Desk, Opener
from app.web.db import Database
from app.web.downloads import PassingFile, passing_folder

MOST_AT_ONCE = 1_000  # responses, or participants, that a web process writes itself, in a tenth of a second
LOOK_S = 0.25
LONGEST_LOOK_S = 2.0  # who has waited for long can wait a little more
BUSY = "This is being made already; the page shows when it is there."
ENDINGS: dict[Format, str] = {"jsonl": ".jsonl", "parquet": ".parquet"}
Later = Callable[[Job], Response]  # what is answered while the file is not there yet


@dataclass(frozen=True)
class Asked:
    """What an export may be asked for."""

    export_format: Format
    include_synthetic: bool
    include_uncounted: bool
    with_external_ids: bool

    def subject(self, slug: str) -> str:
        """What is made only once at a time."""
        parts = ("include_synthetic", "include_uncounted", "with_external_ids")
        return " ".join([slug, self.export_format, *(part for part in parts if getattr(self, part))])


def asked_for(
    export_format: Format,
    include: Include | Literal[""] | None,
    include_synthetic: bool,  # noqa: FBT001  # as the address has it
    with_external_ids: bool,  # noqa: FBT001  # the same
) -> Asked:
    return Asked(
        export_format,
        include_synthetic=include_synthetic or include == "synthetic",
        include_uncounted=include == "uncounted",
        with_external_ids=with_external_ids,
    )


def file_name(slug: str, asked: Asked) -> str:
    return f"{slug}-{asked.export_format}{ENDINGS.get(asked.export_format, '.csv')}"


@dataclass(frozen=True)
class Download:
    """A call that asks for a table, and for how long it waits before it is answered with `later`."""

    request: Request
    open_desk: Opener
    slug: str
    asked: Asked
    later: Later
    wait_s: float

    async def answer(self) -> Response:
        """The file. Threads of the exports' own work on it, one for each process: those of requests are the
        participants'.
        """
        threads: CapacityLimiter = self.request.app.state.exports
        found = await to_thread.run_sync(self.begin, limiter=threads)
        if isinstance(found, Response):
            return found
        deadline, pause_s = time.monotonic() + self.wait_s, LOOK_S
        job, is_unattended = await to_thread.run_sync(self.look, found.id, limiter=threads)
        while job.state in UNDER_WAY:
            if is_unattended or time.monotonic() > deadline:
                return self.later(job)
            await sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_LOOK_S)
            job, is_unattended = await to_thread.run_sync(self.look, job.id, limiter=threads)
        if job.state != "done":
            raise Conflict(job.reason or "The export was cancelled.")
        return await to_thread.run_sync(self.send, job.id, limiter=threads)

    def study(self, at: Desk) -> Study:
        """At each desk anew: who lost the study while the table was written gets none.

        The platform's ids are personal data: only who may edit the study gets them.
        """
        level: Level = "edit" if self.asked.with_external_ids else "view"
        return study_for(at.session, at.person, self.slug, level)

    def begin(self) -> Response | Job:
        """A small table's file; of any other the job that makes it, which may be under way already."""
        with self.open_desk() as at:
            study = self.study(at)
            # PyArrow would take memory of this process for ever.
            is_small = self.asked.export_format != "parquet" and queries.has_at_most(
                at.session, study.id, MOST_AT_ONCE
            )
        return self.send_at_once() if is_small else self.order()

    def send_at_once(self) -> Response:
        """Write the table from one snapshot. No transaction stays open while somebody downloads."""
        asked = self.asked
        with passing_folder() as folder:
            out = folder / file_name(self.slug, asked)
            with self.open_desk(is_snapshot=True) as at:
                self.study(at)
                manifest = service.export(
                    at.session,
                    self.slug,
                    asked.export_format,
                    out,
                    include_synthetic=asked.include_synthetic,
                    include_uncounted=asked.include_uncounted,
                    with_external_ids=asked.with_external_ids,
                )
            with self.open_desk(writing=True) as at:
                self.study(at)
                note(at, self.slug, manifest, with_external_ids=asked.with_external_ids)
        headers = {"X-Content-SHA256": manifest["sha256"]}
        return PassingFile(out, media_type=MEDIA[out.suffix], filename=out.name, headers=headers)

    def order(self) -> Job:
        """Have the table made; who asks for what is under way already gets that."""
        subject = self.asked.subject(self.slug)
        with self.open_desk(writing=True) as at:
            study = self.study(at)
            order = Order(
                kind="export",
                subject=subject,
                study_id=study.id,
                arguments={"slug": self.slug, "file": file_name(self.slug, self.asked), **asdict(self.asked)},
                actor=at.person.email,
            )
            job = begun(at.session, order)
        tell(self.request.app.state.background, WORK)
        return job

    def look(self, job_id: int) -> tuple[Job, bool]:
        """How far it is, and whether nobody is there to go on with it. A queue out of reach takes seconds."""
        database: Database = self.request.app.state.database
        with database.transaction() as session:
            job = session.get_one(Job, job_id)
        return job, job.state in UNDER_WAY and is_worker_missing(self.request.app.state.background)

    def send(self, job_id: int) -> Response:
        return send(self.request, self.open_desk, self.slug, job_id)


def begun(session: Session, order: Order) -> Job:
    """The job, or the same that is under way: of two who ask at one moment the database takes one."""
    try:
        return start(session, order, BUSY)
    except Conflict:
        other = jobs.under_way(session, order.kind, order.subject)
        if other is None:  # it has just come to its end
            raise
        return other
