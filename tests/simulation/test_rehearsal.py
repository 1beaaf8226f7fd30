"""Synthetic participants that are asked for from a browser or by a program."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.jobs import service
from app.models import AuditEvent, Job, User
from app.web.db import Database
from tests.factories import make_api_token
from tests.jobs.made import only
from tests.staff import ADA, become_owner, text_of

PAGE = "/studies/small/rehearsal"
NUMBERS = {"participants": 3, "concurrency": 2, "dropout": 0.25, "seed": 7}
SUMMARY = {
    "ok": True,
    "completed": 3,
    "participants": 3,
    "ratings": 24,
    "lost": 0,
    "twice": 0,
    "submit_p50_ms": 1.5,
    "seconds": 2.0,
    "errors": [],
}


@pytest.fixture(autouse=True)
def owner(web: TestClient, database: Database) -> None:
    become_owner(web, database)


def by_page(web: TestClient, _database: Database, **changes: Any) -> Any:
    return web.post(PAGE, data=NUMBERS | changes)


def by_api(web: TestClient, database: Database, **changes: Any) -> Any:
    with database.transaction(writing=True) as session:
        token = make_api_token(session, session.scalars(select(User)).one(), ["studies:write"])
    headers = {"authorization": f"Bearer {token}"}
    return web.post("/api/v1/studies/small/rehearsals", json=NUMBERS | changes, headers=headers)


@pytest.mark.parametrize("ask", [by_page, by_api])
def test_a_rehearsal_becomes_a_job_with_its_numbers_once_at_a_time(
    web: TestClient, database: Database, ask: Any
) -> None:
    assert ask(web, database).status_code in {202, 303}
    job = only(database)
    assert (job.kind, job.subject, job.state, job.actor) == ("rehearsal", "small", "waiting", ADA)
    own = {"slug": "small", "url": "http://testserver:80", "force": True}
    assert job.arguments == NUMBERS | own
    with database.transaction() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "study.rehearsed")).one()
    assert event.after == NUMBERS
    again = ask(web, database)
    assert again.status_code == 409
    assert "are taking this study already" in again.text


@pytest.mark.parametrize("ask", [by_page, by_api])
def test_wrong_numbers_and_a_study_that_takes_nobody_are_refused(
    web: TestClient, database: Database, ask: Any
) -> None:
    assert ask(web, database, participants=0).status_code == 422
    web.post("/studies/small/close")
    refused = ask(web, database)
    assert (refused.status_code, "The study is closed" in refused.text) == (409, True)
    with database.transaction() as session:
        assert session.scalars(select(Job)).all() == []


def test_the_page_shows_how_far_they_are_and_what_came_of_it(web: TestClient, database: Database) -> None:
    by_page(web, database)
    assert "They wait for their turn." in text_of(web.get(PAGE))
    with database.transaction(writing=True) as session:
        job = service.claim(session, "test", 60)
        assert job is not None
        service.prolong(session, job.id, "test", 60, service.Progress(1, 3))
    page = web.get(PAGE)
    assert "They are taking the study now, begun 20" in text_of(page)
    assert 'value="0.333"' in page.text
    with database.transaction(writing=True) as session:
        service.finish(session, job.id, "test", SUMMARY)
    page = web.get(PAGE)
    assert "All right: nothing lost, nothing twice." in text_of(page)
    assert "hx-trigger" not in page.text


def test_one_that_is_cancelled_leads_back_to_its_page(web: TestClient, database: Database) -> None:
    by_page(web, database)
    assert web.post(f"/studies/small/jobs/{only(database).id}/cancel").headers["location"] == PAGE
    assert only(database).state == "cancelled"
    assert "It was cancelled." in text_of(web.get(PAGE))
