"""The demo study: real explanations by a small language model, ready to rate."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bundles import service as explanations
from app.contract.question_set import read_question_set
from app.models import Bundle, QuestionSet, Study
from app.questions import service as questions
from app.studies import service as studies
from app.studies.definition import read_definition

SLUG = "demo"
ADMIN = "admin@localhost"
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


def welcome(base: str, password: str | None) -> str:
    """Where everything is; the admin's password only when it was just made."""
    secret = (
        f"{password} (shown only now; change it before others can reach this server)"
        if password
        else "as shown when the account was made"
    )
    return f"""
  Take part:        {base}/s/{SLUG}
  See it fill:      {base}/studies
    sign in as      {ADMIN}
    password        {secret}
  Lost it?          .venv/bin/honeyglass user link {ADMIN}
  Stop the server:  Ctrl+C
"""
