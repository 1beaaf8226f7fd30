"""How far a run is, and what workers find to do."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Checkpoint, Explanation, GenerationBatch, GenerationRun, QuestionSet
from app.runs.service import claimable


@dataclass(frozen=True)
class Progress:
    run_id: int
    checkpoint: str
    question_set: str
    way: str
    precision: str
    state: str
    is_begun: bool
    reason: str | None
    done: int
    total: int
    per_second: float | None
    seconds_left: float | None
    created_at: datetime
    finished_at: datetime | None


def progress(session: Session, run_id: int) -> Progress:
    """Done, total, rate and time left of a run; the rate is that since its first batch was begun."""
    run = session.get(GenerationRun, run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    checkpoint, question_set = (
        session.get_one(Checkpoint, run.checkpoint_id),
        session.get_one(QuestionSet, run.question_set_id),
    )
    done = session.scalar(select(func.count()).where(Explanation.run_id == run_id)) or 0
    batches = session.execute(
        select(GenerationBatch.finished_at, GenerationBatch.duration_ms).where(
            GenerationBatch.run_id == run_id, GenerationBatch.state == "done"
        )
    ).all()
    rate = None
    if batches:
        begun = min(ended.timestamp() - (took or 0) / 1000 for ended, took in batches if ended)
        end = (run.finished_at or datetime.now(UTC)).timestamp()
        rate = done / max(end - begun, 0.001)
    left = (run.total - done) / rate if rate and run.state == "running" else None
    return Progress(
        run.id,
        checkpoint.name,
        question_set.name,
        run.way,
        run.precision,
        run.state,
        is_begun(session, run_id),
        run.reason,
        done,
        run.total,
        rate,
        left,
        run.created_at,
        run.finished_at,
    )


def is_begun(session: Session, run_id: int) -> bool:
    """Whether any worker has taken a batch of it."""
    taken = select(GenerationBatch.id).where(GenerationBatch.run_id == run_id, GenerationBatch.attempts > 0)
    return session.scalar(taken.limit(1)) is not None


def runs_of(session: Session, checkpoint_id: int) -> list[Progress]:
    """Every run of a checkpoint, the newest first."""
    ids = select(GenerationRun.id).where(GenerationRun.checkpoint_id == checkpoint_id)
    return [progress(session, run_id) for run_id in session.scalars(ids.order_by(GenerationRun.id.desc()))]


def comparable(session: Session, run_id: int) -> list[Progress]:
    """Other complete runs on the same question set, the newest first."""
    run = session.get_one(GenerationRun, run_id)
    ids = select(GenerationRun.id).where(
        GenerationRun.question_set_id == run.question_set_id,
        GenerationRun.state == "complete",
        GenerationRun.id != run_id,
    )
    return [progress(session, other) for other in session.scalars(ids.order_by(GenerationRun.id.desc()))]


def running(session: Session) -> list[int]:
    """Ids of the runs that are not finished."""
    ids = select(GenerationRun.id).where(GenerationRun.state == "running").order_by(GenerationRun.id)
    return list(session.scalars(ids))


def has_claimable(session: Session, run_id: int) -> bool:
    found = select(GenerationBatch.id).where(GenerationBatch.run_id == run_id, claimable(datetime.now(UTC)))
    return session.scalar(found.limit(1)) is not None


def seconds_to_next(session: Session, run_id: int) -> float | None:
    """When a batch can be claimed that cannot now: its pause or another worker's lease is over."""
    run = session.get(GenerationRun, run_id)
    if run is None or run.state != "running":
        return None
    open_ = GenerationBatch.run_id == run_id, GenerationBatch.state.in_(["waiting", "leased"])
    moments = [
        leased_until or not_before
        for leased_until, not_before in session.execute(
            select(GenerationBatch.leased_until, GenerationBatch.not_before).where(*open_)
        )
    ]
    now = datetime.now(UTC)
    return max(0.0, min((moment - now).total_seconds() for moment in moments)) if moments else None
