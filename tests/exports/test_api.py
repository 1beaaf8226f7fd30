"""The API of exports, on both databases."""

import csv
import hashlib
import tempfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access import Level
from app.models import AuditEvent, StudyAccess
from app.web.db import Database
from tests.factories import make_api_token, make_study, make_user
from tests.walker import Walker

KINDS = {"long": "text/csv", "participants": "text/csv", "items": "text/csv", "jsonl": "application/x-ndjson"}


def shared(database: Database, level: Level, scopes: tuple[str, ...] = ("exports:read",)) -> dict[str, str]:
    """The header of somebody with whom the small study is shared."""
    with database.transaction(writing=True) as session:
        user, study = make_user(session, "ada@example.org"), make_study(session)
        session.add(StudyAccess(study_id=study.id, user_id=user.id, level=level))
        return {"authorization": f"Bearer {make_api_token(session, user, scopes)}"}


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_is_sent_whole_noted_and_removed(
    web: TestClient, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "exports"))
    (tmp_path / "exports").mkdir()
    headers = shared(database, "view")
    Walker(web).start()
    answer = web.get(f"/api/v1/studies/small/exports/{kind}", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(KINDS[kind])
    assert hashlib.sha256(answer.content).hexdigest() == answer.headers["x-content-sha256"]
    if kind == "items":
        assert len(list(csv.reader(answer.text.splitlines()))) == 1 + 16
    with database.transaction() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "study.exported")).one()
    assert (event.subject, event.actor) == ("small", "ada@example.org (token test)")
    assert (event.after["format"], event.after["sha256"]) == (kind, answer.headers["x-content-sha256"])
    assert list((tmp_path / "exports").iterdir()) == []


@pytest.mark.parametrize("level,status", [("view", 403), ("edit", 200)])
def test_the_platforms_ids_need_the_right_to_edit(
    web: TestClient, database: Database, level: Level, status: int
) -> None:
    headers = shared(database, level)
    path = "/api/v1/studies/small/exports/participants?with_external_ids=true"
    assert web.get(path, headers=headers).status_code == status


def test_a_refused_export_is_noted_nowhere(web: TestClient, database: Database) -> None:
    headers = shared(database, "own", ("studies:read",))
    assert web.get("/api/v1/studies/small/exports/long", headers=headers).status_code == 403
    with database.transaction() as session:
        assert session.scalars(select(AuditEvent).where(AuditEvent.action == "study.exported")).all() == []
