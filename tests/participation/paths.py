"""What the tests of the participant's pages share."""

from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.models import (
    Base,
    Participant,
)
from app.studies import check
from app.web.db import Database
from app.web.signing import Signing
from tests.factories import make_study

COMPREHENSION = {"attempts": 2, "questions": [{"text": "What?", "options": ["A", "B", "C"], "correct": 1}]}
PRACTICE = [{"question": "Where?", "choices": ["here", "there"], "student_answer": 0, "explanation": "Near."}]
QUESTIONNAIRE = [
    {"key": "age", "text": "Your age", "options": ["young", "old"]},
    {"key": "feedback", "text": "Anything?", "kind": "text"},
]
FULL: dict[str, Any] = {
    "comprehension": COMPREHENSION,
    "attention": {"count": 2},
    "practice": PRACTICE,
    "questionnaire": QUESTIONNAIRE,
    "comment": "optional",
}


def launch(database: Database, **changes: Any) -> None:
    with database.transaction(writing=True) as session:
        make_study(session, **changes)


def count(database: Database, table: type[Base]) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def only_participant(database: Database) -> Participant:
    with database.transaction() as session:
        return session.scalars(select(Participant)).one()


def problems(database: Database) -> list[str]:
    with database.snapshot() as session:
        return check.check(session, "small").problems


SONA = {"platform": "sona", "site": "uni", "experiment": "1", "token": "t", "codes": {"completed": "DONE"}}


def signing_of(web: TestClient) -> Signing:
    app: Any = web.app
    signing: Signing = app.state.signing
    return signing


def other_browser(web: TestClient) -> TestClient:
    return TestClient(web.app, follow_redirects=False)


PROLIFIC = {
    "platform": "prolific",
    "codes": {"completed": "DONE", "screened_out": "OUT", "no_consent": "NO"},
}
