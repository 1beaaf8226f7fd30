"""A finished run as an explanation bundle."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contract.bundle import BundleManifest, BundleRow, write_bundle
from app.errors import Conflict
from app.models import Checkpoint, Explanation, GenerationRun, Question
from app.runs.progress import progress

# What a student's manifest says of how it came about: who reads a bundle may not have the checkpoint.
OF_STUDENT = ("base", "method", "teacher", "dataset", "run", "evaluation", "ask")


def export_run(session: Session, run_id: int, folder: Path, description: str = "", licence: str = "") -> int:
    """Write a complete run as a bundle's folder; how many rows. Raises: Conflict for one not complete."""
    found = progress(session, run_id)
    if found.state != "complete":
        raise Conflict(
            f"Run {run_id} is {found.state} ({found.done} of {found.total}); only a complete one is exported."
        )
    statement = select(Explanation, Question).join(Question).where(Explanation.run_id == run_id)
    pairs = session.execute(statement.order_by(Question.position)).all()
    rows = [
        BundleRow(
            question_id=question.key,
            premise=question.premise,
            question=question.text,
            choices=tuple(question.choices),
            correct_answer=question.correct_answer,
            predicted_answer=explanation.predicted_answer,
            explanation=explanation.raw_text,
        )
        for explanation, question in pairs
    ]
    record = pairs[0].Explanation.record or {}
    kept = ("model_sha256", "tokenizer_sha256", "base_sha256", "decoding", "seed", "versions", "device")
    run = session.get_one(GenerationRun, run_id)
    provenance = {"checkpoint": found.checkpoint, "way": run.way, "precision": run.precision, "run": run_id}
    provenance |= {key: record.get(key) for key in kept}
    student = session.scalars(select(Checkpoint.manifest).where(Checkpoint.id == run.checkpoint_id)).one()
    provenance["student"] = {key: student[key] for key in OF_STUDENT if student.get(key) is not None}
    manifest = BundleManifest(
        name=found.checkpoint, description=description, licence=licence, provenance=provenance
    )
    write_bundle(folder, manifest, rows)
    return len(rows)
