"""Many people at the same moment, each thread with a connection of its own, on both databases."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Assignment, Item, Participant, Rating, Response
from app.participation import known_visits
from app.participation.known_visits import Known
from app.participation.queries import OpenStudy
from app.studies import check
from app.web.db import Database
from tests.factories import make_study
from tests.walker import Walker, form_of

PEOPLE = 16


def launch(database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_study(session, design={"ratings_per_item": 4})


def test_people_who_arrive_together_end_exactly_at_the_target(web: TestClient, database: Database) -> None:
    launch(database)
    together = Barrier(PEOPLE)

    def take(_number: int) -> None:
        walker = Walker(TestClient(web.app, follow_redirects=False))
        together.wait()
        walker.start()
        walker.prepare()
        walker.finish()

    with ThreadPoolExecutor(PEOPLE) as pool:
        list(pool.map(take, range(PEOPLE)))
    with database.snapshot() as session:
        found = check.check(session, "small")
        assert found.problems == []
        assert (found.completed, found.responses, found.ratings) == (PEOPLE, PEOPLE * 4, PEOPLE * 8)
        assert (found.least_answers, found.most_answers, found.position_spread) == (4, 4, 0)
        twice = select(Assignment.participant_id).group_by(Assignment.participant_id, Assignment.question_id)
        assert session.scalars(twice.having(func.count() > 1)).all() == []


def test_a_form_sent_many_times_at_once_is_stored_once(web: TestClient, database: Database) -> None:
    launch(database)
    walker = Walker(web)
    walker.start()
    walker.prepare()
    fields = form_of(walker.look()).fields | {"rating_1": "5", "rating_2": "1"}
    together = Barrier(8)

    def send(_number: int) -> str:
        browser = TestClient(web.app, follow_redirects=False)
        together.wait()
        return browser.post(walker.path, data=fields).headers["location"]

    with ThreadPoolExecutor(8) as pool:
        ways = Counter(pool.map(send, range(8)))
    assert ways == {f"/p/{walker.code}/rate/2": 8}
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Response)) == 1
        assert session.scalar(select(func.count()).select_from(Rating)) == 2
        assert session.scalar(select(func.sum(Item.answered))) == 1


def test_start_pressed_many_times_at_once_makes_one_participant(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_study(session, recruitment={"platform": "prolific", "codes": {"completed": "DONE"}})
    query = {"PROLIFIC_PID": "ab" * 12, "SESSION_ID": "a1"}
    forms = [form_of(web.get("/s/small", params=query)).fields for _ in range(8)]  # eight tabs
    together = Barrier(8)

    def start(fields: dict[str, str]) -> str:
        browser = TestClient(web.app, follow_redirects=False)
        together.wait()
        return browser.post("/s/small", data=fields).headers["location"]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, forms))) == 1
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Participant)) == 1


def test_a_double_click_on_start_whose_first_request_commits_between_two_looks_is_one_visit(
    web: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch(database)
    form = form_of(web.get("/s/small")).fields
    first = web.post("/s/small", data=form).headers["location"]
    web.cookies.clear()
    looks: list[str] = []

    def blind_at_first(session: Session, study: OpenStudy, code: str) -> Known | None:
        """The first look comes before the other request's commit, every later one after it."""
        looks.append(code)
        return None if len(looks) == 1 else find_by_code(session, study, code)

    find_by_code = known_visits.find_by_code
    monkeypatch.setattr(known_visits, "find_by_code", blind_at_first)
    assert web.post("/s/small", data=form).headers["location"] == first
    assert len(looks) >= 2
    with database.transaction() as session:
        assert len(session.scalars(select(Participant.id)).all()) == 1
