"""What is refused is in the audit log, and cannot fill the disk."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.audit import Actor
from app.models import AuditEvent
from app.web.db import Database
from app.web.refusals import MOST_A_MINUTE, Refusal, Refusals
from tests.staff import ADA, bearer, become


def refused(database: Database) -> list[tuple[str, str, int]]:
    with database.transaction() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "request.refused"))
        return [(event.actor, event.subject, event.after["status"]) for event in events]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_staff_pages_and_the_api_refuse_is_in_the_audit_log_once_a_minute(
    web: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.refusals.time.monotonic", lambda: 60.0)  # all in one minute
    become(web, database)
    token = bearer(database, "bo@example.org", "viewer")
    for number in range(5):
        assert web.get("/users").status_code == 403
        assert web.post(f"/users/{number}/role").status_code == 403
        assert web.post("/api/v1/studies", content=b"slug: x", headers=token).status_code == 403
        assert web.post(f"/x{number}", headers={"origin": "https://evil.example"}).status_code == 403
    web.cookies.clear()
    for _ in range(12):
        answer = web.post("/sign-in", data={"email": ADA, "password": "wrong"})
    assert answer.status_code == 429
    assert refused(database) == [
        (ADA, "GET /users", 403),
        (ADA, "POST /users/{user_id}/role", 403),
        ("bo@example.org (token test)", "POST /api/v1/studies", 403),
        ("not signed in", "POST an address", 403),
        ("not signed in", "POST /sign-in", 429),
    ]


def test_many_addresses_cannot_fill_the_log() -> None:
    refusals = Refusals()
    noted = [refusals.is_new(Refusal(Actor("x", f"2001:db8::{one:x}"), "GET /", 403)) for one in range(1000)]
    assert sum(noted) == MOST_A_MINUTE
