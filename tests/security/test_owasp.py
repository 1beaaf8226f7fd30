"""Attacks by the OWASP top ten (2021), each of which must fail."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.main import create_app
from app.models import AuditEvent, Job, Study, User
from app.settings import Settings
from app.web.db import Database
from tests.factories import PASSWORD, sign_in
from tests.staff import ADA, bearer, become, become_owner

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAYLOADS = ("' OR '1'='1", "small'; DROP TABLE study; --", "../../etc/passwd", "{{7*7}}", "%00", "${jndi:x}")
POLICY_FORBIDS = ("'unsafe-inline'", "'unsafe-eval'", "http:", "https:", "*")


# A01 Broken access control: test_access_table.py walks every door; here what goes round them.
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
    ],
)
def test_another_sites_form_changes_nothing(
    web: TestClient, database: Database, headers: dict[str, str]
) -> None:
    become_owner(web, database)
    for path in (
        "/studies/small/close",
        "/sign-out",
        "/account/tokens",
        "/sign-in",
        "/api/v1/studies/small/close",
    ):
        answer = web.post(path, headers=headers)
        assert answer.status_code == 403, path
        assert "came from another site" in answer.text
    with database.transaction() as session:
        assert session.scalars(select(Study.status)).one() == "live"
    assert web.get("/studies").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {"origin": "http://testserver"}],
)
def test_our_own_form_and_programs_are_let_through(
    web: TestClient, database: Database, headers: dict[str, str]
) -> None:
    become_owner(web, database)
    assert web.post("/studies/small/pause", headers=headers).status_code == 303


def test_reading_is_open_to_links_from_elsewhere(web: TestClient) -> None:
    assert web.get("/sign-in", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_a_form_cannot_give_itself_a_role(web: TestClient, database: Database) -> None:
    become(web, database)
    web.post("/account/password", data={"role": "admin", "id": "1", "is_active": "1"})
    web.post("/users", data={"email": "evil@example.org", "role": "admin"})
    with database.transaction() as session:
        assert session.scalars(select(User.role)).all() == ["researcher"]


# A02 Cryptographic failures
def test_no_secret_is_stored_or_logged_in_the_clear(
    web: TestClient, database: Database, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    with caplog.at_level(logging.DEBUG):
        become(web, database, role="admin")
        page = web.post(
            "/account/tokens",
            data={"name": "a", "days": "1", "scope studies:read": "on", "current": PASSWORD},
        )
        link = web.post("/users", data={"email": "bo@example.org", "role": "viewer", "current": PASSWORD})
        path = link.text.split('id="link">http://testserver')[1].split("<")[0]
        web.get(path)
    token = page.text.split('id="token">')[1].split("<")[0]
    secrets = [token, web.cookies["honeyglass"], path.removeprefix("/reset/"), "seven bees in a jar"]
    stored = Path(database.engine.url.database or "")
    content = stored.read_bytes() + stored.with_name(f"{stored.name}-wal").read_bytes()
    for secret in secrets:
        assert secret.encode() not in content
        assert secret not in "".join(
            record.getMessage() for record in caplog.records if "honeyglass" in record.name
        )
    with database.transaction() as session:
        assert str(session.scalars(select(User.password_hash)).first()).startswith("$argon2id$")
    assert (settings.home / "secret.key").stat().st_mode & 0o777 == 0o600


# A03 Injection
@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_words_are_data_everywhere(web: TestClient, database: Database, payload: str) -> None:
    become_owner(web, database)
    headers = bearer(database, "bo@example.org")
    paths = [
        *(
            "/studies/{}",
            "/studies/{}/items",
            "/question-sets/{}",
            "/bundles/{}",
            "/s/{}",
            "/p/{}",
            "/reset/{}",
        ),
        *("/audit?words={}", "/studies/small/export?format={}", "/sign-in?next={}"),
        *("/api/v1/studies/{}", "/api/v1/bundles/{}", "/api/v1/studies/small/exports/{}"),
    ]
    for path in paths:
        answer = web.get(path.format(payload), headers=headers)
        assert answer.status_code < 500, path
        assert "root:" not in answer.text
        assert "49" not in re.sub(r"v=\w+", "", answer.text), path  # {{7*7}} stays what it is
    for data in ({"email": payload, "password": payload}, {"definition": payload}, {"name": payload}):
        for path in ("/sign-in", "/studies/new", "/users", "/studies/small/shares", "/account/tokens"):
            assert web.post(path, data=data).status_code < 500
    with database.transaction() as session:
        assert session.scalars(select(Study.slug)).all() == ["small"]


def test_scripts_that_people_write_are_shown_as_text(web: TestClient, database: Database) -> None:
    hostile = '<script>alert("1")</script>'
    become_owner(web, database, title=hostile)
    for path in ("/studies", "/studies/small", "/studies/small/draft"):
        text = web.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


# A04 Insecure design: guessing is limited (tests/accounts); an upload cannot fill the disk (tests/web).
def test_a_body_of_a_megabyte_opens_no_form_but_a_definitions(web: TestClient, database: Database) -> None:
    become(web, database)
    large = {"definition": "x" * 1_200_000}
    assert web.post("/studies/new", data=large).status_code == 413
    assert web.post("/sign-in", data={"email": "x" * 300_000}).status_code == 413
    answer = web.post("/api/v1/studies", content=b"x" * 1_200_000, headers=bearer(database, "b@c.de"))
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_definitions_that_unfold_or_nest_without_end_are_refused(web: TestClient, database: Database) -> None:
    headers = bearer(database)
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    for text in (bomb, "[" * 20_000, "a: " * 5_000, "? " * 20_000):
        answer = web.post("/api/v1/studies/validate", content=text.encode(), headers=headers)
        assert answer.status_code == 200
        assert answer.json()["valid"] is False


# A05 Security misconfiguration
@pytest.mark.parametrize("path", ["/sign-in", "/studies", "/account", "/nowhere", "/api/v1/studies", "/s/x"])
def test_every_answer_has_a_strict_policy(web: TestClient, database: Database, path: str) -> None:
    become(web, database)
    headers = web.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not any(word in policy for word in POLICY_FORBIDS)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_no_page_of_the_framework_and_no_trace_is_served(web: TestClient, database: Database) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/.env", "/static/..%2fapp/main.py", "/var/secret.key"):
        assert web.get(path).status_code == 404, path
    become(web, database)
    database.engine.dispose()
    Path(database.engine.url.database or "").unlink()
    answer = web.get("/studies")
    assert answer.status_code in {500, 503}
    assert "Traceback" not in answer.text
    assert "sqlalchemy" not in answer.text.lower()


# A06 Vulnerable components: every version is pinned in constraints.txt (tests/test_deploy.py).
# A07 Identification failures: tests/accounts/test_sign_in.py.
# A08 Integrity failures
def test_a_token_or_cookie_that_was_changed_is_worth_nothing(web: TestClient, database: Database) -> None:
    become(web, database)
    cookie = web.cookies["honeyglass"]
    web.cookies.clear()
    for changed in (cookie[:-1], cookie + "x", cookie.swapcase(), "", "\udcff"):
        raw = changed.encode("utf-8", "surrogateescape")
        assert web.get("/studies", headers=[(b"cookie", b"honeyglass=" + raw)]).status_code == 303
    for value in ("Bearer", "Bearer ", "Bearer x", "Basic YTpi", "bearer hg_x", "x" * 5000):
        assert web.get("/api/v1/studies", headers={"authorization": value}).status_code == 401


# A09 Logging failures; that nothing changes the log is in tests/test_laws.py
def test_what_matters_is_in_the_audit_log_with_who_and_where(web: TestClient, database: Database) -> None:
    become_owner(web, database)
    sign_in(web, ADA, "wrong")
    web.post("/studies/small/pause")
    web.get("/studies/small/export")
    with database.transaction() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.address == "testclient")).all()
    assert [event.action for event in events] == [
        *("sign_in", "sign_in.failed", "study.changed", "study.exported")
    ]
    assert {event.actor for event in events} == {ADA, "not signed in"}


# A10 Server-side request forgery
def test_no_route_fetches_an_address_that_a_visitor_chose(web: TestClient, database: Database) -> None:
    """Synthetic participants go to the server's own socket, whatever the Host header says."""
    become_owner(web, database)
    form = {
        "participants": "1",
        "concurrency": "1",
        "dropout": "0",
        "seed": "0",
        "url": "http://evil.example",
    }
    web.post("/studies/small/rehearsal", data=form, headers={"host": "evil.example"})
    with database.transaction() as session:
        [job] = session.scalars(select(Job)).all()
    assert job.arguments["url"] == "http://testserver:80"


def test_two_installations_do_not_accept_each_others_signatures(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    other = create_app(Settings(home=tmp_path / "other", database_url=str(database.engine.url)), database)
    mine: Any = web.app
    signed = mine.state.signing.sign("mode", "small preview")
    assert mine.state.signing.read("mode", signed) == "small preview"
    assert other.state.signing.read("mode", signed) is None
