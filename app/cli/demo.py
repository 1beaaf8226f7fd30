"""The demo study: real explanations by a small language model, ready to rate."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.contract.question_set import read_question_set
from app.explanations import service as explanations
from app.models import Bundle, QuestionSet, Study
from app.questions import service as questions
from app.studies import service as studies
from app.studies.definition import read_definition

SLUG = "demo"
FOLDER = Path(__file__).parents[2] / "demo"


def set_up(session: Session) -> None:
    """Import, define and launch whatever of the demo is not there yet; running it again changes nothing."""
    if session.scalar(select(QuestionSet.id).where(QuestionSet.name == SLUG)) is None:
        questions.import_questions(session, read_question_set(FOLDER / "questions.jsonl", "cqa"), SLUG)
    present = set(session.scalars(select(Bundle.name)))
    for folder in sorted((FOLDER / "bundles").iterdir()):
        if folder.is_dir() and folder.name not in present:
            explanations.import_bundle(session, explanations.prepare(folder), folder.name, questions=SLUG)
    if session.scalar(select(Study.id).where(Study.slug == SLUG)) is None:
        studies.save_draft(session, read_definition(FOLDER / "study.yaml"))
        studies.launch(session, SLUG)


def welcome(url: str) -> str:
    return f"""
  Take part:        {url}
  See the ratings:  .venv/bin/honeyglass export {SLUG} --format long --out ratings.csv
  How it fills:     .venv/bin/honeyglass study list
  Your own study:   copy demo/study.yaml, change it, then
                    .venv/bin/honeyglass study create FILE
  Stop the server:  Ctrl+C
"""
