"""Generation runs: planned by anyone, carried out by any number of workers, batch by batch.

A batch is claimed for a lease that its worker prolongs; of a worker that died the lease runs out and the next
one takes the batch over. What a batch has written is stored with its state in one transaction, so an
explanation is there once or not at all.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, exists, insert, or_, select
from sqlalchemy.orm import Session

from app.audit import record
from app.contract.cleaning import clean
from app.contract.student import StudentManifest, Way, fill, question_values
from app.contract.text_measures import measure as measure_text
from app.errors import Conflict, Invalid, NotFound
from app.models import Checkpoint, Explanation, GenerationBatch, GenerationRun, Question, QuestionSet
from app.questions.queries import question_set_names
from app.runs.planning import Asked, plan_batches
from app.runs.queries import checkpoint_names

Precision = Literal["fp32", "bf16"]
MOST_ATTEMPTS = 5
STOPPED = "so it was stopped."  # ends the error of a batch whose student took too much time or memory
TWICE = "The student had to be stopped twice in this run, so it is asked no more."
BACK_OFF_S = 5.0  # doubled at every further attempt
NOT_READY = {
    "registered": "has not been verified yet; a worker does that (honeyglass worker).",
    "verifying": "is being verified; try again in a minute.",
    "failed": "failed its verification: ",
    "retired": "is retired.",
}


@dataclass(frozen=True)
class Plan:
    """What to ask of whom; without ids all questions, or the first `limit`."""

    checkpoint: str
    question_set: str
    limit: int | None = None
    question_keys: tuple[str, ...] = ()
    precision: Precision | None = None
    way: str | None = None


@dataclass(frozen=True)
class Written:
    """What a student said of one question; `record` says how it came about."""

    question_id: int
    answer: str | None
    explanation: str | None
    is_truncated: bool
    missing: tuple[str, ...]
    record: dict[str, Any]


def create_run(session: Session, plan: Plan) -> GenerationRun:
    """Plan and store a run with all its batches. Raises: NotFound, Conflict, Invalid."""
    checkpoint = ready_checkpoint(session, plan.checkpoint)
    question_set = session.scalar(select(QuestionSet).where(QuestionSet.name == plan.question_set))
    if question_set is None:
        known = ", ".join(question_set_names(session)) or "none yet"
        raise NotFound(f"There is no question set '{plan.question_set}'. Question sets: {known}.")
    manifest = StudentManifest.model_validate(checkpoint.manifest)
    name = plan.way or manifest.ask.default
    if name not in manifest.ask.ways:
        raise Invalid(
            f"'{checkpoint.name}' cannot be asked in the way '{name}': {', '.join(manifest.ask.ways)}."
        )
    way = manifest.ask.ways[name]
    questions = chosen(session, question_set, plan)
    now = datetime.now(UTC)
    run = GenerationRun(
        checkpoint_id=checkpoint.id,
        question_set_id=question_set.id,
        way=name,
        precision=plan.precision or manifest.generation.precision,
        seed=manifest.generation.seed,
        state="running",
        total=len(questions),
        created_at=now,
    )
    session.add(run)
    session.flush()
    batches = plan_batches([measure(way, question) for question in questions], most_new_tokens(way))
    for number, ids in enumerate(batches, 1):
        session.add(
            GenerationBatch(run_id=run.id, number=number, question_ids=ids, state="waiting", not_before=now)
        )
    session.flush()
    asked = {"question_set": plan.question_set, "way": name, "precision": run.precision, "total": run.total}
    record(session, "run.created", plan.checkpoint, after={"run": run.id, **asked})
    return run


def ready_checkpoint(session: Session, name: str) -> Checkpoint:
    checkpoint = session.scalar(select(Checkpoint).where(Checkpoint.name == name))
    if checkpoint is None:
        known = ", ".join(checkpoint_names(session)) or "none yet"
        raise NotFound(f"There is no checkpoint '{name}'. Checkpoints: {known}.")
    if checkpoint.state != "ready":
        raise Conflict(f"Checkpoint '{name}' {NOT_READY[checkpoint.state]}{checkpoint.reason or ''}")
    return checkpoint


def chosen(session: Session, question_set: QuestionSet, plan: Plan) -> list[Question]:
    statement = (
        select(Question).where(Question.question_set_id == question_set.id).order_by(Question.position)
    )
    known = list(session.scalars(statement))
    if plan.question_keys:
        by_key = {question.key: question for question in known}
        if missing := [key for key in plan.question_keys if key not in by_key]:
            raise Invalid(f"Question set '{question_set.name}' has no question '{missing[0]}'.")
        known = [by_key[key] for key in dict.fromkeys(plan.question_keys)]
    return known[: plan.limit]


def most_new_tokens(way: Way) -> int:
    return max(step.max_new_tokens for step in way.steps)


def measure(way: Way, question: Question) -> Asked:
    """How long a question is as asked. Raises: Invalid if it lacks what the student is asked with."""
    values = question_values(way, question.text, question.choices, question.premise)
    if lacking := sorted(way.asks_for - set(values)):
        raise Invalid(
            f"The student is asked with {{{lacking[0]}}}, which question '{question.key}' does not have."
        )
    return Asked(question.id, max(len(fill(step.input, values)) for step in way.steps))


def claimable(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(GenerationBatch.state == "waiting", GenerationBatch.not_before <= now),
        and_(GenerationBatch.state == "leased", GenerationBatch.leased_until < now),
    )


def claim_batch(session: Session, run_id: int, worker: str, lease_s: float) -> GenerationBatch | None:
    """The next batch for this worker, or None; one whose workers keep dying fails its run."""
    # The run is locked first, as everywhere: giving it up changes it while the batch is held.
    run = session.get(GenerationRun, run_id, with_for_update=True)
    if run is None or run.state != "running":
        return None
    now = datetime.now(UTC)
    statement = select(GenerationBatch).where(GenerationBatch.run_id == run_id, claimable(now))
    statement = statement.order_by(GenerationBatch.number).limit(1).with_for_update(skip_locked=True)
    batch = session.scalar(statement)
    if batch is None:
        return None
    if batch.attempts >= MOST_ATTEMPTS:
        give_up(run, batch, batch.error or "the worker died every time; is there enough memory?", now)
        return None
    batch.state, batch.worker, batch.attempts = "leased", worker, batch.attempts + 1
    batch.leased_until = now + timedelta(seconds=lease_s)
    return batch


def prolong(session: Session, batch_id: int, worker: str, lease_s: float) -> bool:
    """Keep a batch; False if it is this worker's no more, or its run was cancelled."""
    batch = session.get(GenerationBatch, batch_id, with_for_update=True)
    if batch is None or batch.state != "leased" or batch.worker != worker:
        return False
    run = session.get(GenerationRun, batch.run_id)
    batch.leased_until = datetime.now(UTC) + timedelta(seconds=lease_s)
    return run is not None and run.state == "running"


def store_batch(
    session: Session, batch_id: int, worker: str, written: Sequence[Written], duration_ms: int
) -> bool:
    """Store a whole batch, and complete the run with its last one; False if the batch was somebody else's."""
    batch = session.get(GenerationBatch, batch_id)
    assert batch is not None  # noqa: S101  # batches are never deleted
    # The run is locked first: two workers that finish at once must see each other's batches.
    run = session.get(GenerationRun, batch.run_id, with_for_update=True)
    session.refresh(batch, with_for_update=True)
    if run is None or run.state != "running" or batch.state != "leased" or batch.worker != worker:
        return False
    asked = session.scalars(select(Question).where(Question.id.in_(batch.question_ids)))
    questions = {question.id: question for question in asked}
    session.execute(insert(Explanation), [row(run.id, one, questions[one.question_id]) for one in written])
    now = datetime.now(UTC)
    batch.state, batch.error, batch.leased_until = "done", None, None
    batch.duration_ms, batch.finished_at = duration_ms, now
    session.flush()
    left = exists().where(GenerationBatch.run_id == run.id, GenerationBatch.state != "done")
    if not session.scalar(select(left)):
        run.state, run.finished_at = "complete", now
    return True


def row(run_id: int, one: Written, question: Question) -> dict[str, Any]:
    cleaned = clean(one.explanation)
    measures = measure_text(cleaned.text, one.answer, question.choices, question.correct_answer)
    return {
        "run_id": run_id,
        "question_id": one.question_id,
        "predicted_answer": one.answer,
        "raw_text": one.explanation,
        "shown_text": cleaned.text,
        "is_cut_off": cleaned.is_cut_off,
        "record": one.record,
        "is_marker_missing": bool(one.missing),
        "is_truncated": one.is_truncated,
        **asdict(measures),
    }


def fail_batch(session: Session, batch_id: int, worker: str, error: str, *, is_stopped: bool = False) -> None:
    """Have a batch tried again after a pause, or give its run up after the last attempt.

    A student that had to be stopped has held a worker for as long as it may, half an hour: it gets one more
    chance, in case the machine was busy, and not one for each of many batches.
    """
    batch = session.get_one(GenerationBatch, batch_id)
    # The run is locked first, as in `store_batch`: two workers whose students hang must see each other.
    run = session.get_one(GenerationRun, batch.run_id, with_for_update=True)
    session.refresh(batch, with_for_update=True)
    if run.state != "running" or batch.state != "leased" or batch.worker != worker:
        return
    now, is_second = datetime.now(UTC), is_stopped and was_stopped_before(session, run.id)
    batch.error = error
    if batch.attempts >= MOST_ATTEMPTS or is_second:
        give_up(run, batch, f"{TWICE} {error}" if is_second else error, now)
        return
    pause_s: float = BACK_OFF_S * 2 ** (batch.attempts - 1)
    batch.state, batch.leased_until, batch.not_before = "waiting", None, now + timedelta(seconds=pause_s)


def was_stopped_before(session: Session, run_id: int) -> bool:
    stopped = exists().where(GenerationBatch.run_id == run_id, GenerationBatch.error.endswith(STOPPED))
    return bool(session.scalar(select(stopped)))


def give_up(run: GenerationRun, batch: GenerationBatch, error: str, now: datetime) -> None:
    batch.state, batch.leased_until = "failed", None
    run.state, run.finished_at = "failed", now
    times = f"{batch.attempts} times" if batch.attempts > 1 else "once"
    run.reason = f"Batch {batch.number} failed {times}: {error}"


def cancel_run(session: Session, run_id: int) -> GenerationRun:
    """Stop a run; what it has written stays with it, but a study never uses an incomplete run."""
    run = session.get(GenerationRun, run_id, with_for_update=True)
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    if run.state != "running":
        raise Conflict(f"Run {run_id} is {run.state}; only a running one can be cancelled.")
    run.state, run.finished_at = "cancelled", datetime.now(UTC)
    checkpoint = session.get_one(Checkpoint, run.checkpoint_id)
    record(session, "run.cancelled", checkpoint.name, after={"run": run.id})
    return run
