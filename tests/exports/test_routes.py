"""Exports from the browser and the API: the same bytes as the command line's, noted, and left nowhere."""

import hashlib
import tempfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.exports import download, service
from app.models import AuditEvent, StudyAccess, User
from app.web.db import Database
from tests.factories import make_api_token, make_user, sign_in
from tests.staff import ADA, become_owner
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


@pytest.mark.parametrize("is_small", [True, False])
@pytest.mark.parametrize("kind", ["long", "wide", "participants", "items", "jsonl"])
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
    with database.snapshot() as session:
        service.export(session, "small", kind, tmp_path / "same")  # type: ignore[arg-type]  # one of them
    assert answer.content == (tmp_path / "same").read_bytes()
    assert answer.headers["x-content-sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert f"small-{kind}." in answer.headers["content-disposition"]
    assert list(tmp_path.glob("honeyglass-export-*")) == []
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
    assert list(tmp_path.glob("honeyglass-export-*")) == []
    assert web.get("/studies/small/export", params={"format": "nothing"}).status_code == 404
