"""Jobs: asked for by staff, done by the background process, one of each kind and subject at a time.

A job is held by a lease, as a worker holds a batch: whoever died leaves it to the next. What a job comes to
is written under its row's lock, so that a cancelled one stays cancelled.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.models import Job

Kind = Literal["report", "package", "export", "rehearsal"]
KINDS: tuple[Kind, ...] = ("report", "package", "export", "rehearsal")
MADE_OF_ANSWERS: tuple[Kind, ...] = ("report", "package", "export")
NOT_AGAIN: tuple[Kind, ...] = ("rehearsal",)  # what it has written stays written
UNDER_WAY = ("waiting", "running")
MOST_ATTEMPTS = 3
EXPORT_KEPT = timedelta(days=1)
LONGEST_REASON = 500
ERASED = "Somebody's answers were erased while this was being made. Please make it anew."
INTERRUPTED = (
    "The server stopped in the middle of this. Participants who had been sent are kept; "
    "please send the rest again."
)
LOST = (
    f"It was started {MOST_ATTEMPTS} times and its process ended each time. "
    "The server may have too little memory."
)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to do; `arguments` are those that the kind's command knows, and `actor` is who asked."""

    kind: Kind
    subject: str
    study_id: int
    arguments: Mapping[str, Any]
    actor: str


class Progress(NamedTuple):
    done: int
    total: int
    doing: str | None = None  # what is under way


def start(session: Session, order: Order, busy: str) -> Job:
    """Put a job in. Raises: Conflict with the words `busy` while one of its kind and subject is under way."""
    job = Job(
        kind=order.kind,
        subject=order.subject,
        study_id=order.study_id,
        arguments=dict(order.arguments),
        actor=order.actor,
        created_at=datetime.now(UTC),
    )
    try:
        with session.begin_nested():
            session.add(job)
    except IntegrityError as error:
        raise Conflict(busy) from error
    return job


def claim(session: Session, worker: str, lease_s: float, kinds: Iterable[Kind] = KINDS) -> Job | None:
    """The next job for this worker: the oldest that waits, or whose worker has been silent for too long."""
    now = datetime.now(UTC)
    is_lost = and_(
        Job.state == "running",
        Job.leased_until < now,
        Job.kind.not_in(NOT_AGAIN),
        Job.attempts < MOST_ATTEMPTS,
    )
    statement = select(Job).where(or_(Job.state == "waiting", is_lost), Job.kind.in_(kinds))
    job = session.scalar(statement.order_by(Job.id).limit(1).with_for_update(skip_locked=True))
    if job is None:
        return None
    job.state, job.worker, job.attempts = "running", worker, job.attempts + 1
    job.started_at, job.leased_until = now, now + timedelta(seconds=lease_s)
    job.done = job.total = job.doing = None
    # Never a name that was there before: who gave the job back may still be deleting that one.
    job.folder = f"{job.id}.{job.attempts}.{secrets.token_hex(4)}"
    job.is_stale = False  # what it reads, it reads from now on
    return job


def give_up_lost(session: Session) -> None:
    """Fail the jobs whose worker died, and which nobody may begin once more."""
    lost = select(Job).where(
        Job.state == "running",
        Job.leased_until < datetime.now(UTC),
        or_(Job.kind.in_(NOT_AGAIN), Job.attempts >= MOST_ATTEMPTS),
    )
    for job in session.scalars(lost.with_for_update(skip_locked=True)):
        end(job, "failed", INTERRUPTED if job.kind in NOT_AGAIN else LOST)


def held(session: Session, job_id: int, worker: str) -> Job | None:
    """A job under its lock; None if it is not this worker's any more."""
    job = session.get(Job, job_id, with_for_update=True)
    return job if job is not None and job.state == "running" and job.worker == worker else None


def is_wanted(session: Session, job_id: int, worker: str) -> bool:
    """Whether to go on, without a lock: not cancelled, not lost, not of answers that are erased."""
    wanted = select(Job.id).where(
        Job.id == job_id, Job.state == "running", Job.worker == worker, Job.is_stale.is_(False)
    )
    return session.scalar(wanted) is not None


def prolong(session: Session, job_id: int, worker: str, lease_s: float, progress: Progress | None) -> None:
    """Keep a job, and note how far it is."""
    job = held(session, job_id, worker)
    if job is not None:
        job.leased_until = datetime.now(UTC) + timedelta(seconds=lease_s)
        job.done, job.total, job.doing = progress or (None, None, None)


def finish(session: Session, job_id: int, worker: str, result: dict[str, Any]) -> bool:
    """Note what a job came to, and forget the files of those before it; False if it is thrown away."""
    job = held(session, job_id, worker)
    if job is None:
        return False
    if job.is_stale:
        end(job, "failed", ERASED)
        return False
    folder = job.folder
    end(job, "done")
    job.result, job.folder = result, folder
    earlier = Job.kind == job.kind, Job.subject == job.subject, Job.id != job.id
    session.execute(update(Job).where(*earlier, Job.folder.is_not(None)).values(folder=None))
    return True


def fail(session: Session, job_id: int, worker: str, reason: str) -> None:
    job = held(session, job_id, worker)
    if job is not None:
        end(job, "failed", ERASED if job.is_stale else reason[-LONGEST_REASON:])


def give_back(session: Session, job_id: int, worker: str) -> None:
    """Let the next worker begin it anew, where that does no harm: this one has to stop."""
    job = held(session, job_id, worker)
    if job is None:
        return
    if job.kind in NOT_AGAIN:
        end(job, "failed", INTERRUPTED)
        return
    job.state, job.attempts, job.folder = "waiting", job.attempts - 1, None
    job.worker = job.leased_until = job.done = job.total = job.doing = None


def cancel(session: Session, job: Job) -> None:
    """Stop a job. Raises: Conflict if it has come to its end."""
    session.refresh(job, with_for_update=True)
    if job.state not in UNDER_WAY:
        raise Conflict(f"Job {job.id} is {job.state}; only one that is waiting or running can be cancelled.")
    end(job, "cancelled")


def end(job: Job, state: str, reason: str | None = None) -> None:
    job.state, job.reason, job.finished_at = state, reason, datetime.now(UTC)
    job.worker = job.leased_until = job.folder = None


def forget(session: Session, study_id: int) -> None:
    """After an erasing: no file made before is kept, and what is under way is thrown away."""
    of_study = Job.study_id == study_id, Job.kind.in_(MADE_OF_ANSWERS)
    # First what runs, then what is done, as `finish` locks them: else the two would wait for each other.
    # One that waits is marked, too: it is locked then until this erasing is committed, and begins after it.
    session.execute(update(Job).where(*of_study, Job.state.in_(UNDER_WAY)).values(is_stale=True))
    is_kept = Job.state == "done", Job.folder.is_not(None)
    session.execute(update(Job).where(*of_study, *is_kept).values(folder=None))


def expire(session: Session) -> None:
    """Exports are kept for a day: they are fetched, not read here."""
    old = Job.kind == "export", Job.state == "done", Job.finished_at < datetime.now(UTC) - EXPORT_KEPT
    session.execute(update(Job).where(*old, Job.folder.is_not(None)).values(folder=None))


def job_of(session: Session, study_id: int, job_id: int, kinds: Iterable[Kind] = KINDS) -> Job:
    """Raises: NotFound, also for another study's."""
    found = session.scalar(select(Job).where(Job.id == job_id, Job.study_id == study_id, Job.kind.in_(kinds)))
    if found is None:
        raise NotFound(f"There is no job {job_id} of this study.")
    return found
