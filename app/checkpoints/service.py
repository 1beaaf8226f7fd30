"""A checkpoint: registered, verifying, then ready or failed; retired when it is to be used no more."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import record
from app.checkpoints.intake import TakenIn
from app.checkpoints.queries import checkpoint_by_name, checkpoints
from app.contract.base import name_problem
from app.errors import Conflict, Invalid
from app.models import Checkpoint, GenerationRun

MOST_ATTEMPTS = 3


def refuse_name(session: Session, name: str) -> None:
    """Refuse a name before anything is copied. Raises: Invalid, or Conflict for a taken one."""
    if problem := name_problem(name):
        raise Invalid(problem)
    if session.scalar(select(Checkpoint.id).where(Checkpoint.name == name)) is not None:
        raise Conflict(f"There is a checkpoint named '{name}' already; choose another name.")


def register(session: Session, taken: TakenIn, name: str) -> Checkpoint:
    """Store what was taken in; a worker then verifies it."""
    refuse_name(session, name)
    stored = Checkpoint(
        name=name,
        state="registered",
        folder=taken.folder,
        source=taken.source,
        manifest=taken.manifest.model_dump(mode="json"),
        files=taken.files,
        left_behind=taken.left_behind,
        model_sha256=taken.model_sha256,
        tokenizer_sha256=taken.tokenizer_sha256,
        created_at=datetime.now(UTC),
    )
    session.add(stored)
    session.flush()
    return stored


def start_verifying(session: Session, checkpoint_id: int, lease_s: float) -> Checkpoint | None:
    """Take a checkpoint to verify it; None if there is nothing to do or another worker is at it."""
    checkpoint = session.get(Checkpoint, checkpoint_id, with_for_update=True)
    now = datetime.now(UTC)
    if checkpoint is None or checkpoint.state not in {"registered", "verifying"}:
        return None
    if checkpoint.leased_until is not None and checkpoint.leased_until > now:
        return None
    if checkpoint.attempts >= MOST_ATTEMPTS:
        checkpoint.state, checkpoint.leased_until = "failed", None
        checkpoint.reason = (
            f"The worker died {MOST_ATTEMPTS} times while it tried it; is there enough memory?"
        )
        return None
    checkpoint.attempts += 1
    checkpoint.state, checkpoint.leased_until = "verifying", now + timedelta(seconds=lease_s)
    return checkpoint


def finish_verifying(session: Session, checkpoint_id: int, trial: list[dict[str, Any]]) -> None:
    """The student loads and has answered; what it said is kept to be looked at."""
    checkpoint = session.get(Checkpoint, checkpoint_id, with_for_update=True)
    if checkpoint is not None and checkpoint.state == "verifying":
        checkpoint.state, checkpoint.reason, checkpoint.trial = "ready", None, trial
        checkpoint.verified_at, checkpoint.leased_until = datetime.now(UTC), None


def fail_verifying(session: Session, checkpoint_id: int, reason: str) -> None:
    checkpoint = session.get(Checkpoint, checkpoint_id, with_for_update=True)
    if checkpoint is not None and checkpoint.state == "verifying":
        checkpoint.state, checkpoint.reason, checkpoint.leased_until = "failed", reason, None


def verify_again(session: Session, name: str) -> Checkpoint:
    """Have a failed checkpoint tried once more, for example after its base model has arrived."""
    checkpoint = checkpoint_by_name(session, name)
    if checkpoint.state != "failed":
        raise Conflict(f"Checkpoint '{name}' is {checkpoint.state}; only a failed one is verified again.")
    checkpoint.state, checkpoint.reason, checkpoint.attempts = "registered", None, 0
    return checkpoint


def retire(session: Session, name: str) -> Checkpoint:
    """Take it out of use: no new runs, no new studies. What it has written stays, and so do studies."""
    checkpoint = checkpoint_by_name(session, name)
    if checkpoint.state == "retired":
        raise Conflict(f"Checkpoint '{name}' is retired already.")
    checkpoint.state, checkpoint.retired_at = "retired", datetime.now(UTC)
    return checkpoint


def purge(session: Session, name: str) -> str:
    """Let a retired checkpoint's files go; the folder that may be deleted once this is committed.

    What it was and what it has written stays known. Raises: Conflict for one that is in use.
    """
    checkpoint = checkpoint_by_name(session, name)
    if checkpoint.state != "retired":
        raise Conflict(f"Checkpoint '{name}' is {checkpoint.state}; only a retired one's files are deleted.")
    own = {entry["sha256"] for entry in checkpoint.files.values()}
    for other in checkpoints(session):
        if other.state != "retired" and other.manifest["base"]["sha256"] in own:
            raise Conflict(f"'{other.name}' is an adapter on these files; retire it first.")
    running = select(GenerationRun.id).where(
        GenerationRun.checkpoint_id == checkpoint.id, GenerationRun.state == "running"
    )
    if session.scalar(running.limit(1)) is not None:
        raise Conflict(f"'{name}' is still writing; cancel its run first.")
    record(session, "checkpoint.purged", name)
    return checkpoint.folder
