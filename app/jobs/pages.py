"""What a page shows of a job."""

from dataclasses import dataclass
from datetime import UTC, datetime

from huey import Huey
from sqlalchemy.orm import Session

from app.access import Level, Person
from app.jobs import queries
from app.jobs.service import UNDER_WAY, Kind
from app.models import Job
from app.queue import is_worker_missing

CANCELLED = "It was cancelled."


@dataclass(frozen=True, kw_only=True)
class Work:
    """The job of one kind that is under way, or what became of the last one; and the one whose file is kept.

    `is_unattended`: it waits, or its process is silent, and no background process was seen lately.
    """

    job_id: int | None = None
    is_waiting: bool = False
    is_unattended: bool = False
    may_cancel: bool = False
    begun: datetime | None = None
    progress: float | None = None
    doing: str = ""
    problem: str = ""
    kept_id: int | None = None
    made_at: datetime | None = None


def work_of(  # all of it decides what is shown
    session: Session, queue: Huey, person: Person, level: Level, kind: Kind, subject: str
) -> Work:
    last, kept = queries.latest(session, kind, subject), queries.with_file(session, kind, subject)
    return shown(queue, last, kept, may_cancel=last is not None and may_cancel(person, level, last))


def shown(queue: Huey, last: Job | None, kept: Job | None, *, may_cancel: bool) -> Work:
    if last is None:
        return Work()
    is_under_way, is_waiting = last.state in UNDER_WAY, last.state == "waiting"
    is_left = is_waiting or (last.leased_until is not None and last.leased_until < datetime.now(UTC))
    return Work(
        job_id=last.id if is_under_way else None,
        is_waiting=is_waiting,
        is_unattended=is_left and is_worker_missing(queue),
        may_cancel=may_cancel,
        begun=last.started_at,
        progress=share(last),
        doing=last.doing or "",
        problem=CANCELLED if last.state == "cancelled" else last.reason or "",
        kept_id=kept.id if kept else None,
        made_at=kept.finished_at if kept else None,
    )


def share(job: Job) -> float | None:
    """How much of it is done, where the command tells it."""
    return None if job.done is None else job.done / max(job.total or 0, job.done, 1)


def may_cancel(person: Person, level: Level, job: Job) -> bool:
    """Who asked for it, and who may edit the study."""
    return level != "view" or job.actor == person.email
