"""The simulator's verdict has teeth: whatever is missing, altered or incomplete makes a run fail."""

import asyncio
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.main import create_app
from app.models import Rating
from app.settings import Settings
from app.simulation.behaviour import Fate, Habits
from app.simulation.browser import Screen
from app.simulation.people import Effects, Person
from app.simulation.summary import Summary, summarise
from app.simulation.walk import Ground, Taken, Walk, WrongTurnError
from app.web.db import Database
from tests.factories import make_definition, make_study
from tests.walker import Walker

ANSWERED = {"plausibility": 4, "completeness": 4}
SENT = dict.fromkeys(range(1, 5), ANSWERED)


@pytest.fixture
def completed(sqlite_url: str, tmp_path: Path) -> tuple[Database, str]:
    """A database in which one person has answered 4 to everything, and the person's code."""
    database = Database(sqlite_url)
    with database.transaction(writing=True) as session:
        make_study(session)
    app = create_app(Settings(home=tmp_path / "home", database_url=sqlite_url), database)
    with TestClient(app, follow_redirects=False) as web:
        walker = Walker(web)
        walker.start()
        walker.finish()
    return database, walker.code


def summary(completed: tuple[Database, str], **changes: object) -> Summary:
    database, code = completed
    told = {"number": 1, "code": code, "ended": "done", "sent": SENT, **changes}
    found = summarise(database, [Taken(**told)], 1.0)  # type: ignore[arg-type]  # fields by name
    database.engine.dispose()
    return found


def test_what_was_acknowledged_and_is_stored_is_right(completed: tuple[Database, str]) -> None:
    found = summary(completed)
    assert (found.acknowledged, found.ratings, found.lost, found.differing, found.twice) == (8, 8, 0, 0, 0)
    assert found.is_right


def test_an_acknowledged_answer_that_is_not_stored_is_lost(completed: tuple[Database, str]) -> None:
    found = summary(completed, sent={**SENT, 5: ANSWERED})
    assert (found.lost, found.is_right) == (1, False)


def test_a_value_other_than_the_acknowledged_one_differs(completed: tuple[Database, str]) -> None:
    with completed[0].transaction(writing=True) as session:
        session.execute(update(Rating).where(Rating.response_id == 1).values(value=1))
    found = summary(completed)
    assert (found.differing, found.lost, found.is_right) == (1, 0, False)


def test_an_answer_stored_that_nobody_acknowledged_differs(completed: tuple[Database, str]) -> None:
    found = summary(completed, sent={1: ANSWERED, 2: ANSWERED, 3: ANSWERED})
    assert (found.differing, found.is_right) == (1, False)


def test_being_asked_again_for_what_was_acknowledged_is_a_wrong_turn(sqlite_url: str) -> None:
    ground = Ground(Database(sqlite_url), make_definition(), Habits(), seed=1)
    walk = Walk(ground, Person(1, 1, Effects({})), Fate(), Taken(1, sent={3: ANSWERED}))
    page = Screen("/p/code/rate/3", 200, "<form method=post></form>")
    with pytest.raises(WrongTurnError, match="rate 3 was acknowledged"):
        asyncio.run(walk.go_on(page))


def test_who_neither_completed_nor_vanished_is_missing(completed: tuple[Database, str]) -> None:
    assert not summary(completed, ended="full").is_right
    assert not summary(completed, code="unknown", sent={}).is_right
