"""How far a run is, and what workers find to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Checkpoint, Explanation, GenerationBatch, GenerationRun, QuestionSet
from app.runs.service import claimable


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class RunName:
    """Who was asked what in a run, and how."""

    run_id: int
    checkpoint: str
    question_set: str
    way: str
    precision: str


def progress(session: Session, run_id: int) -> Progress:
    """Done, total, rate and time left of a run; the rate is that since its first batch was begun."""
    found = progress_of(session, GenerationRun.id == run_id)
    if not found:
        raise NotFound(f"There is no run {run_id}.")
    return found[0]


def runs_of(session: Session, checkpoint_id: int) -> list[Progress]:
    """Every run of a checkpoint, the newest first."""
    return progress_of(session, GenerationRun.checkpoint_id == checkpoint_id)


def progress_of(session: Session, which: ColumnElement[bool]) -> list[Progress]:
    """The progress of some runs, the newest first, in as many statements as that of one."""
    statement = (
        select(GenerationRun, Checkpoint.name, QuestionSet.name)
        .join(Checkpoint, Checkpoint.id == GenerationRun.checkpoint_id)
        .join(QuestionSet, QuestionSet.id == GenerationRun.question_set_id)
        .where(which)
        .order_by(GenerationRun.id.desc())
    )
    runs = session.execute(statement).all()
    ids = [run.id for run, *_ in runs]
    counted = select(Explanation.run_id, func.count()).where(Explanation.run_id.in_(ids))
    done = dict(session.execute(counted.group_by(Explanation.run_id)).all())
    begun = begun_at(session, ids)
    return [
        Progress(
            run_id=run.id,
            checkpoint=checkpoint,
            question_set=question_set,
            way=run.way,
            precision=run.precision,
            state=run.state,
            is_begun=run.id in begun,
            reason=run.reason,
            done=done.get(run.id, 0),
            total=run.total,
            **pace(run, done.get(run.id, 0), begun.get(run.id)),
            created_at=run.created_at,
            finished_at=run.finished_at,
        )
        for run, checkpoint, question_set in runs
    ]


def begun_at(session: Session, ids: Sequence[int]) -> dict[int, float | None]:
    """When the first batch that is done was begun, for each run of which any worker has taken a batch."""
    mine = GenerationBatch.run_id.in_(ids)
    taken = select(GenerationBatch.run_id).where(mine, GenerationBatch.attempts > 0)
    first: dict[int, float | None] = dict.fromkeys(session.scalars(taken.distinct()))
    done = select(GenerationBatch.run_id, GenerationBatch.finished_at, GenerationBatch.duration_ms)
    for run_id, ended, took in session.execute(done.where(mine, GenerationBatch.state == "done")):
        if ended:
            at = ended.timestamp() - (took or 0) / 1000
            first[run_id] = min(at, first.get(run_id) or at)
    return first


def pace(run: GenerationRun, done: int, begun: float | None) -> dict[str, float | None]:
    if begun is None:
        return {"per_second": None, "seconds_left": None}
    rate = done / max((run.finished_at or datetime.now(UTC)).timestamp() - begun, 0.001)
    is_running = run.state == "running" and rate > 0
    return {"per_second": rate, "seconds_left": (run.total - done) / rate if is_running else None}


def comparable(session: Session, run_id: int) -> list[RunName]:
    """Other complete runs on the same question set, the newest first."""
    run = session.get_one(GenerationRun, run_id)
    is_complete = GenerationRun.state == "complete"
    same_set = GenerationRun.question_set_id == run.question_set_id
    return names_of(session, is_complete & same_set & (GenerationRun.id != run_id))


def name_of(session: Session, run_id: int) -> RunName:
    """Raises: NotFound."""
    found = names_of(session, GenerationRun.id == run_id)
    if not found:
        raise NotFound(f"There is no run {run_id}.")
    return found[0]


def names_of(session: Session, which: ColumnElement[bool]) -> list[RunName]:
    statement = (
        select(
            GenerationRun.id, Checkpoint.name, QuestionSet.name, GenerationRun.way, GenerationRun.precision
        )
        .join(Checkpoint, Checkpoint.id == GenerationRun.checkpoint_id)
        .join(QuestionSet, QuestionSet.id == GenerationRun.question_set_id)
        .where(which)
        .order_by(GenerationRun.id.desc())
    )
    return [
        RunName(run_id=run_id, checkpoint=checkpoint, question_set=question_set, way=way, precision=precision)
        for run_id, checkpoint, question_set, way, precision in session.execute(statement)
    ]


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
