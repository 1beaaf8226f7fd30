"""Runs as studies ask for them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Checkpoint, Explanation, GenerationRun, QuestionSet


def newest_complete_run(session: Session, checkpoint: str, question_set: str) -> GenerationRun | None:
    """The run a study uses: of a checkpoint that is ready, on that set, the last that was completed."""
    statement = (
        select(GenerationRun)
        .join(Checkpoint, Checkpoint.id == GenerationRun.checkpoint_id)
        .join(QuestionSet, QuestionSet.id == GenerationRun.question_set_id)
        .where(
            Checkpoint.name == checkpoint,
            Checkpoint.state == "ready",
            QuestionSet.name == question_set,
            GenerationRun.state == "complete",
        )
    )
    return session.scalar(statement.order_by(GenerationRun.id.desc()).limit(1))


def explanations_of_run(session: Session, run_id: int) -> dict[int, Explanation]:
    """Question id → explanation."""
    found = session.scalars(select(Explanation).where(Explanation.run_id == run_id))
    return {explanation.question_id: explanation for explanation in found}


def checkpoint_names(session: Session) -> list[str]:
    return list(session.scalars(select(Checkpoint.name).order_by(Checkpoint.name)))
