"""What the API answers when it says no: problems in a program's words, on both databases."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from app.main import create_app
from app.settings import Settings
from app.web.apart import Work
from app.web.db import Database, is_full
from app.web.rest import document
from tests.security.people import routes_of
from tests.staff import bearer, become

PARTICIPANTS_WORDS = ("your link", "study team", "the page")


def check(answer: Response, status: int) -> str:
    """A problem as RFC 9457 has it; its detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert (found["type"], found["status"]) == ("about:blank", status)
    assert found["instance"] == answer.request.url.path
    detail = str(found["detail"])
    assert not any(words in detail.lower() for words in PARTICIPANTS_WORDS), detail
    return detail


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the words are Python's
@pytest.mark.parametrize(
    "method,path,status",
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/nothing", 404),
        ("DELETE", "/api/v1/studies", 405),
        ("POST", "/api/v1/nothing", 405),
        ("GET", "/api/v1/studies/nothing", 404),
        ("GET", "/api/v1/studies?limit=0", 422),
        ("GET", "/api/v1/studies/x/exports/pdf", 422),
        ("POST", "/api/v1/bundles", 422),
    ],
)
def test_every_refusal_is_a_problem(
    web: TestClient, database: Database, method: str, path: str, status: int
) -> None:
    check(web.request(method, path, headers=bearer(database)), status)


def test_without_a_token_the_scheme_is_named(web: TestClient) -> None:
    answer = web.get("/api/v1/studies")
    assert "bearer token" in check(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_another_sites_call_is_refused_as_a_problem(web: TestClient, database: Database) -> None:
    headers = bearer(database) | {"sec-fetch-site": "cross-site"}
    assert "came from another site" in check(web.post("/api/v1/studies/x/close", headers=headers), 403)


def test_more_than_an_address_takes_is_a_problem(web: TestClient, database: Database) -> None:
    answer = web.post("/api/v1/studies", content=b"x" * 1_200_000, headers=bearer(database))
    assert "nothing was stored" in check(answer, 413)


def test_a_multipart_form_that_is_none_is_a_problem(web: TestClient, database: Database) -> None:
    kind = {"content-type": f"multipart/form-data; boundary={'x' * 400}"}
    check(web.post("/api/v1/bundles", content=b"x", headers=bearer(database) | kind), 400)


@pytest.mark.parametrize(
    "path",
    ["studies/a%00", "studies/%00/exports/long", "bundles/%00b", "question-sets/a%00b"],
)
def test_a_name_that_no_database_can_store_is_the_name_of_nothing(
    web: TestClient, database: Database, path: str
) -> None:
    check(web.get(f"/api/v1/{path}", headers=bearer(database)), 404)
    become(web, database, "bo@example.org", "admin")
    assert web.get(f"/{path.replace('exports/long', 'export')}").status_code == 404
    assert web.get("/audit?words=%00").status_code in {200, 404}


def test_launching_what_no_database_can_store_is_refused(web: TestClient, database: Database) -> None:
    answer = web.post("/api/v1/studies/%00/launch", headers=bearer(database))
    check(answer, 404 if database.is_sqlite else 422)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_fault_of_ours_is_a_problem_without_a_trace(web: TestClient, database: Database) -> None:
    headers = bearer(database)
    database.engine.dispose()
    Path(database.engine.url.database or "").unlink()
    answer = web.get("/api/v1/studies", headers=headers)
    detail = check(answer, answer.status_code)
    assert answer.status_code in {500, 503}
    assert "select" not in detail.lower()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_call_stands_in_the_document(web: TestClient) -> None:
    app = web.app
    found = document(app.state.api_routers)  # type: ignore[attr-defined]  # TestClient calls any ASGI app its app
    described = {(method.upper(), path) for path, calls in found["paths"].items() for method in calls}
    unlisted = {"/api/v1/docs", "/api/v1/openapi.json", "/api/v1/{path:path}"}
    there = {
        (method, path)
        for method, path in routes_of(app)  # type: ignore[arg-type]  # the same
        if path.startswith("/api/") and path not in unlisted
    }
    assert described == there
    assert found["openapi"].startswith("3.1")
    assert found["paths"]["/api/v1/studies"]["get"]["summary"].startswith("List the studies you may see")


@pytest.mark.postgres  # SQLite has no statement timeout
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_snapshot_may_take_longer_than_a_participant_waits(database_url: str) -> None:
    database = Database(database_url, statement_timeout_ms=200)
    with database.snapshot() as session:
        session.execute(text("SELECT pg_sleep(0.5)"))
    with pytest.raises(OperationalError), database.transaction() as session:
        session.execute(text("SELECT pg_sleep(0.5)"))
    database.engine.dispose()


def pieces(size: int, sent: list[int]) -> Iterator[bytes]:
    yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="q.jsonl"\r\n\r\n'
    for _ in range(size):
        sent.append(1024 * 1024)
        yield b"x" * 1024 * 1024


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_of_unknown_length_is_refused_once_it_is_too_large(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    app = create_app(Settings(home=tmp_path / "home", database_url=database_url, upload_mb=1), database)
    with TestClient(app, raise_server_exceptions=False) as web:
        kind = {"content-type": "multipart/form-data; boundary=x"}
        answer = web.post("/api/v1/bundles", content=pieces(5, []), headers=bearer(database) | kind)
    assert "larger than the 1 MB" in check(answer, 413)
    assert list((tmp_path / "home" / "uploads").iterdir()) == []


def test_reading_a_file_takes_no_thread_from_the_participants(
    web: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three uploads wait for one another, and others are answered meanwhile."""
    release = threading.Event()
    started: list[float] = []

    def slow(_work: Work) -> None:
        started.append(time.monotonic())
        release.wait(60)
        raise ValueError

    monkeypatch.setattr("app.web.uploads.bring_in", slow)
    headers = bearer(database)
    file = {"file": ("x.jsonl", b"{}")}
    with ThreadPoolExecutor(3) as pool:
        sent = [pool.submit(web.post, "/api/v1/bundles", files=file, headers=headers) for _ in range(3)]
        while not started and not any(one.done() for one in sent):
            time.sleep(0.01)
        assert web.get("/api/v1/bundles", headers=headers).status_code == 200
        assert len(started) == 1
        release.set()
        assert {one.result().status_code for one in sent} == {500}


def test_a_full_disk_is_called_that_and_not_busy(
    web: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = create_engine("sqlite://")
    with full.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
        with pytest.raises(OperationalError) as raised:
            connection.exec_driver_sql("CREATE TABLE one (number INTEGER)")
    full.dispose()
    assert is_full(raised.value)
    monkeypatch.setattr("app.studies.queries.overviews", Mock(side_effect=raised.value))
    become(web, database)
    answer = web.get("/studies")
    assert answer.status_code == 507
    assert "The server has no room left." in answer.text
    busy = OperationalError("", None, sqlite3.OperationalError("database is locked"))
    monkeypatch.setattr("app.studies.queries.overviews", Mock(side_effect=busy))
    assert web.get("/studies").status_code == 503
