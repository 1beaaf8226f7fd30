"""Exports from the browser and the API: the same bytes as the command line's, noted, and left nowhere."""

import asyncio
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.exports import download, queries, routes, service
from app.jobs import queries as job_queries
from app.jobs import service as jobs
from app.jobs.service import Order
from app.models import AuditEvent, Job, StudyAccess, User
from app.settings import Settings
from app.web.db import Database
from tests.factories import make_api_token, make_user, sign_in
from tests.staff import ADA, become_owner, text_of
from tests.walker import Walker


@pytest.fixture(autouse=True)
def taken(web: TestClient, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small study, taken once by somebody with an id, and its owner signed in."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    recruitment = {"platform": "prolific", "codes": {"completed": "DONE"}}
    become_owner(web, database, recruitment=recruitment)
    cookie = dict(web.cookies)
    walker = Walker(web, query={"PROLIFIC_PID": "5f00aa00aa00aa00aa00aa00"})
    walker.start()
    walker.finish()
    web.cookies.update(cookie)


@pytest.mark.usefixtures("background")
@pytest.mark.parametrize(
    "kind,is_small",
    [
        ("long", True),
        ("wide", True),
        ("participants", True),
        ("items", True),
        ("jsonl", True),
        ("jsonl", False),
    ],
)
def test_an_export_is_the_file_the_command_line_writes(
    web: TestClient,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    *,
    is_small: bool,
) -> None:
    if not is_small:
        monkeypatch.setattr(download, "MOST_AT_ONCE", 0)
        monkeypatch.setattr(service, "export", None)  # this process writes nothing
    answer = web.get("/studies/small/export", params={"format": kind})
    monkeypatch.undo()
    with database.transaction() as session:
        assert session.scalars(select(Job.state)).all() == ([] if is_small else ["done"])
    with database.snapshot() as session:
        service.export(session, "small", kind, tmp_path / "same")  # type: ignore[arg-type]  # one of them
    assert answer.content == (tmp_path / "same").read_bytes()
    assert answer.headers["x-content-sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert f"small-{kind}." in answer.headers["content-disposition"]
    assert list(tmp_path.glob("honeyglass-*")) == []
    with database.transaction() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "study.exported")).one()
    assert (event.actor, event.after["format"], event.after["external_ids"]) == (ADA, kind, False)


def test_the_api_gives_the_same(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        token = make_api_token(session, session.scalars(select(User)).one(), ["exports:read"])
    headers = {"authorization": f"Bearer {token}"}
    by_api = web.get("/api/v1/studies/small/exports/long", headers=headers)
    assert by_api.content == web.get("/studies/small/export").content
    assert web.get("/api/v1/studies/small/exports/nothing", headers=headers).status_code == 422


def test_the_platforms_ids_are_for_who_may_edit(web: TestClient, database: Database) -> None:
    asked = {"format": "participants", "with_external_ids": "yes"}
    assert "5f00aa00aa" in web.get("/studies/small/export", params=asked).text
    assert "5f00aa00aa" not in web.get("/studies/small/export", params={"format": "participants"}).text
    with database.transaction(writing=True) as session:
        study = session.scalars(select(StudyAccess.study_id)).one()
        bo = make_user(session, "bo@example.org")
        session.add(StudyAccess(study_id=study, user_id=bo.id, level="view"))
    web.cookies.clear()
    sign_in(web, "bo@example.org")
    assert web.get("/studies/small/export", params=asked).status_code == 403
    assert web.get("/studies/small/export").status_code == 200


def test_what_cannot_be_exported_is_said_and_leaves_no_file(web: TestClient, tmp_path: Path) -> None:
    answer = web.get("/studies/small/export", params={"format": "paper"})
    assert answer.status_code == 409
    assert list(tmp_path.glob("honeyglass-*")) == []
    assert web.get("/studies/small/export", params={"format": "nothing"}).status_code == 404


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table is one for the background; nobody waits long, and a background process was seen."""
    monkeypatch.setattr(download, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(download, "is_worker_missing", lambda _queue: False)
    monkeypatch.setattr(routes, "WAIT_S", 0)
    monkeypatch.setattr(download, "LOOK_S", 0)


def finish(database: Database, home: Path) -> Job:
    """What the background does with the job that waits."""
    with database.transaction(writing=True) as session:
        job = jobs.claim(session, "test", 60)
        assert job is not None
        told = {"ok": True, "format": "jsonl", "rows": 32, "sha256": "5" * 64, "modes": ["people"]}
        path = home / "jobs" / str(job.folder) / job.arguments["file"]
        path.parent.mkdir(parents=True)
        path.write_text("{}\n" * 32)
        assert jobs.finish(session, job.id, "test", told)
    return job


@pytest.mark.usefixtures("large")
def test_a_large_table_is_made_once_and_offered_on_the_page(
    web: TestClient, database: Database, settings: Settings
) -> None:
    asked = {"format": "jsonl", "include": "uncounted"}
    for _ in range(2):
        answer = web.get("/studies/small/export", params=asked)
        assert answer.headers["location"] == "/studies/small/results#tables"
    page = text_of(web.get("/studies/small/results"))
    assert "Ratings as JSON lines, everybody The table waits for its turn." in page
    job = finish(database, settings.home)
    page = web.get("/studies/small/results").text
    assert f'href="/studies/small/export/{job.id}"' in page
    answer = web.get(f"/studies/small/export/{job.id}")
    assert (answer.text, answer.headers["x-content-sha256"]) == ("{}\n" * 32, "5" * 64)
    assert "small-jsonl.jsonl" in answer.headers["content-disposition"]
    with database.transaction() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "study.exported")).one()
    assert (event.actor, event.after["rows"]) == (ADA, 32)
    assert len(job.arguments) > 3
    with database.transaction(writing=True) as session:
        jobs.forget(session, job.study_id)
    assert web.get(f"/studies/small/export/{job.id}").status_code == 404
    assert "JSON lines, everybody" not in text_of(web.get("/studies/small/results"))


@pytest.mark.usefixtures("large")
def test_a_table_with_the_platforms_ids_is_for_editors_on_the_page_too(
    web: TestClient, database: Database, settings: Settings
) -> None:
    web.get("/studies/small/export", params={"format": "participants", "with_external_ids": "yes"})
    job = finish(database, settings.home)
    assert web.get(f"/studies/small/export/{job.id}").status_code == 200
    page = web.get("/studies/small/results")
    assert "Participants (CSV), with the platform’s ids" in text_of(page)
    assert f"/export/{job.id}" in page.text
    see_only(web, database)
    assert web.get(f"/studies/small/export/{job.id}").status_code == 403
    page = web.get("/studies/small/results")
    assert "Participants (CSV), with the platform’s ids" not in text_of(page)
    assert f"/export/{job.id}" not in page.text


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_an_earlier_table_is_offered_until_the_next_one_is_whole(
    web: TestClient, database: Database, settings: Settings, end: str
) -> None:
    web.get("/studies/small/export", params={"format": "jsonl"})
    first = finish(database, settings.home)
    web.get("/studies/small/export", params={"format": "jsonl"})
    assert f'href="/studies/small/export/{first.id}"' in web.get("/studies/small/results").text
    with database.transaction(writing=True) as session:
        job = jobs.claim(session, "test", 60)
        assert job is not None
        jobs.cancel(session, job) if end == "cancelled" else jobs.fail(session, job.id, "test", "It failed.")
    page = web.get("/studies/small/results").text
    assert f'href="/studies/small/export/{first.id}"' in page
    assert ("It was cancelled." if end == "cancelled" else "It failed.") in page


def see_only(web: TestClient, database: Database) -> None:
    """Go on as somebody who may only see the study."""
    with database.transaction(writing=True) as session:
        study = session.scalars(select(StudyAccess.study_id)).one()
        bo = make_user(session, "bo@example.org")
        session.add(StudyAccess(study_id=study, user_id=bo.id, level="view"))
    web.cookies.clear()
    sign_in(web, "bo@example.org")


@pytest.mark.usefixtures("large")
def test_what_one_asked_for_one_may_cancel(web: TestClient, database: Database) -> None:
    web.get("/studies/small/export", params={"format": "jsonl"})
    see_only(web, database)
    assert "Cancel" not in text_of(web.get("/studies/small/results"))
    assert web.post("/studies/small/jobs/1/cancel").status_code == 403
    web.get("/studies/small/export", params={"format": "wide"})
    assert web.post("/studies/small/jobs/2/cancel").status_code == 303
    with database.transaction() as session:
        assert session.scalars(select(Job.state).order_by(Job.id)).all() == ["waiting", "cancelled"]


@pytest.mark.usefixtures("large")
def test_a_program_waits_or_asks_the_job_how_far_it_is(
    web: TestClient, database: Database, settings: Settings
) -> None:
    with database.transaction(writing=True) as session:
        token = make_api_token(session, session.scalars(select(User)).one(), ["exports:read"])
    headers = {"authorization": f"Bearer {token}", "prefer": "respond-async"}
    accepted = web.get("/api/v1/studies/small/exports/jsonl", headers=headers)
    place = accepted.headers["location"]
    assert (accepted.status_code, accepted.json()["state"], place) == (
        202,
        "waiting",
        "/api/v1/studies/small/jobs/1",
    )
    assert web.get(f"{place}/file", headers=headers).status_code == 404
    finish(database, settings.home)
    told = web.get(place, headers=headers).json()
    assert (told["state"], told["result"]["rows"], told["file"]) == ("done", 32, f"{place}/file")
    assert web.get(told["file"], headers=headers).text == "{}\n" * 32
    assert web.post(f"{place}/cancel", headers=headers).status_code == 409
    assert [one["id"] for one in web.get("/api/v1/studies/small/jobs", headers=headers).json()] == [1]
    assert web.get("/api/v1/studies/small/jobs/2", headers=headers).status_code == 404
    assert web.get("/api/v1/studies/small/jobs/0", headers=headers).status_code == 422


@pytest.mark.parametrize("is_small", [True, False])
def test_who_loses_the_study_between_two_transactions_gets_no_table(
    web: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch, *, is_small: bool
) -> None:
    def lose(*_: object) -> bool:
        with database.transaction(writing=True) as session:
            session.execute(delete(StudyAccess))
        return is_small

    monkeypatch.setattr(queries, "has_at_most", lose)
    assert web.get("/studies/small/export", params={"format": "long"}).status_code == 404
    with database.transaction() as session:
        assert session.scalars(select(Job)).all() == []
        assert session.scalars(select(AuditEvent).where(AuditEvent.action == "study.exported")).all() == []


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("is_missing", [True, False])
def test_the_queue_is_never_asked_on_the_event_loop_and_who_waits_looks_less_and_less_often(
    web: TestClient, monkeypatch: pytest.MonkeyPatch, *, is_missing: bool
) -> None:
    on_the_loop: list[bool] = []
    pauses: list[float] = []

    def ask(_queue: object) -> bool:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            on_the_loop.append(False)
        else:
            on_the_loop.append(True)
        return is_missing or len(pauses) > 4

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)

    monkeypatch.setattr(download, "is_worker_missing", ask)
    monkeypatch.setattr(download, "sleep", sleep)
    monkeypatch.setattr(download, "LOOK_S", 0.25)
    monkeypatch.setattr(routes, "WAIT_S", 60)
    assert web.get("/studies/small/export", params={"format": "jsonl"}).status_code == 303
    assert (set(on_the_loop), pauses) == ({False}, [] if is_missing else [0.25, 0.5, 1, 2, 2])


@pytest.mark.usefixtures("large")
def test_who_asks_at_the_same_moment_as_another_waits_for_the_same_job(
    web: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sees the other's before it puts in its own."""
    web.get("/studies/small/export", params={"format": "jsonl"})
    start, under_way = jobs.start, job_queries.under_way
    tried: list[str] = []

    def start_late(session: Session, order: Order, busy: str) -> Job:
        tried.append(order.subject)
        return start(session, order, busy)

    def under_way_then(*asked: Any) -> Job | None:
        return under_way(*asked) if tried else None

    monkeypatch.setattr(download, "start", start_late)
    monkeypatch.setattr(job_queries, "under_way", under_way_then)
    assert web.get("/studies/small/export", params={"format": "jsonl"}).status_code == 303
    with database.transaction() as session:
        assert session.scalars(select(Job.state)).all() == ["waiting"]


@pytest.mark.usefixtures("large")
def test_an_export_that_fails_while_somebody_waits_is_said_as_a_small_one_says_it(
    web: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        with database.transaction(writing=True) as session:
            job = jobs.claim(session, "test", 60)
            assert job is not None
            jobs.fail(session, job.id, "test", "The study does not fit.")

    monkeypatch.setattr(download, "tell", fail)
    monkeypatch.setattr(routes, "WAIT_S", 60)
    answer = web.get("/studies/small/export", params={"format": "jsonl"})
    assert (answer.status_code, "The study does not fit." in text_of(answer)) == (409, True)
