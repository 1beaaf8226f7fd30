from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.jobs.service import EXPORT_KEPT, KINDS, UNDER_WAY, Kind
from app.models import Job


def latest(session: Session, kind: Kind, subject: str) -> Job | None:
    """The job that was asked for last, whatever became of it."""
    statement = select(Job).where(Job.kind == kind, Job.subject == subject)
    return session.scalar(statement.order_by(Job.id.desc()).limit(1))


def under_way(session: Session, kind: Kind, subject: str) -> Job | None:
    statement = select(Job).where(Job.kind == kind, Job.subject == subject, Job.state.in_(UNDER_WAY))
    return session.scalar(statement)


def with_file(session: Session, kind: Kind, subject: str) -> Job | None:
    """The job whose file is kept: a new one replaces it only when it is whole."""
    statement = select(Job).where(Job.kind == kind, Job.subject == subject, Job.state == "done")
    return session.scalar(statement.where(Job.folder.is_not(None)).order_by(Job.id.desc()).limit(1))


def jobs_of(
    session: Session,
    study_id: int,
    kinds: Iterable[Kind] = KINDS,
    *,
    offset: int = 0,
    limit: int = 100,
) -> Sequence[Job]:
    """A study's jobs, the newest first."""
    statement = select(Job).where(Job.study_id == study_id, Job.kind.in_(kinds)).order_by(Job.id.desc())
    return session.scalars(statement.offset(offset).limit(limit)).all()


def exports_shown(session: Session, study_id: int) -> list[tuple[Job, Job | None]]:
    """Of each export the last job and the one whose file is kept, if there is one.

    Without a file those are shown that are under way, or failed in the last hours.
    """
    is_new = or_(Job.created_at > datetime.now(UTC) - EXPORT_KEPT, Job.folder.is_not(None))
    statement = select(Job).where(Job.study_id == study_id, Job.kind == "export", is_new)
    last: dict[str, Job] = {}
    kept: dict[str, Job] = {}
    for job in session.scalars(statement.order_by(Job.id)):
        last[job.subject] = job
        if job.state == "done" and job.folder is not None:
            kept[job.subject] = job
    shown = (*UNDER_WAY, "failed")
    return [(job, kept.get(name)) for name, job in last.items() if job.state in shown or name in kept]


def folders(session: Session) -> set[str]:
    """Names of the folders that are kept: not those of jobs that still write what was erased."""
    kept = select(Job.folder).where(Job.folder.is_not(None), Job.is_stale.is_(False))
    return {name for name in session.scalars(kept) if name is not None}


def has_claimable(session: Session) -> bool:
    """Whether there is something to do: what waits, or what a dead process left."""
    claimable = or_(
        Job.state == "waiting", and_(Job.state == "running", Job.leased_until < datetime.now(UTC))
    )
    return session.scalar(select(Job.id).where(claimable).limit(1)) is not None
