"""The door: who comes in, who does not, and what nobody learns there."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.accounts.routes import own_path
from app.models import AuditEvent, ResetLink, User, UserSession
from app.web.auth import token_hash
from app.web.db import Database
from tests.factories import PASSWORD, make_user, sign_in

ADA = "ada@example.org"


@pytest.fixture(autouse=True)
def ada(database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_user(session, ADA, "admin")


def sessions(database: Database) -> list[UserSession]:
    with database.transaction() as session:
        return list(session.scalars(select(UserSession)))


def test_signing_in_starts_a_session_whose_cookie_no_script_and_no_other_site_gets(
    web: TestClient, database: Database
) -> None:
    answer = sign_in(web, " Ada@Example.org ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/studies")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie  # the test speaks plain http
    token = web.cookies["honeyglass"]
    assert [one.token_sha256 for one in sessions(database)] == [token_hash(token)]
    assert web.get("/studies").status_code == 200


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(web: TestClient) -> None:
    web.base_url = web.base_url.copy_with(scheme="https")
    answer = sign_in(web, ADA)
    assert answer.headers["set-cookie"].startswith("__Host-honeyglass=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age=31536000" in answer.headers["strict-transport-security"]
    assert web.get("/studies").status_code == 200


@pytest.mark.parametrize(
    "email,password",
    [(ADA, "wrong"), ("nobody@example.org", PASSWORD), (ADA, ""), ("", ""), ("x" * 400, "y")],
)
def test_a_wrong_password_and_no_account_look_alike(
    web: TestClient, database: Database, email: str, password: str
) -> None:
    answer = sign_in(web, email, password)
    assert answer.status_code in {401, 422}
    assert "E-mail address or password is not right." in answer.text
    assert "honeyglass" not in web.cookies
    assert sessions(database) == []


def test_someone_deactivated_or_without_password_cannot_sign_in(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_user(session, "gone@example.org").is_active = False
        make_user(session, "new@example.org").password_hash = None
    assert sign_in(web, "gone@example.org").status_code == 401
    assert sign_in(web, "new@example.org").status_code == 401


def test_a_cookie_from_before_signing_in_is_never_used(web: TestClient, database: Database) -> None:
    """Session fixation: an attacker's cookie does not become the victim's session."""
    web.cookies.set("honeyglass", "planted")
    answer = sign_in(web, ADA)
    assert "planted" not in answer.headers["set-cookie"]
    assert token_hash("planted") not in {one.token_sha256 for one in sessions(database)}
    web.cookies.clear()
    assert web.get("/studies", headers={"cookie": "honeyglass=planted"}).status_code == 303


def test_too_many_attempts_are_refused_for_any_account_and_right_ones_do_not_count(web: TestClient) -> None:
    for email in (ADA, "nobody@example.org"):
        answers = [sign_in(web, email, "wrong") for _ in range(9)]
        assert [answer.status_code for answer in answers] == [401] * 8 + [429]
        assert int(answers[-1].headers["retry-after"]) > 0
        assert "Too many attempts" in answers[-1].text
    assert sign_in(web, ADA).status_code == 429


def test_signing_in_forgets_the_failures_before(web: TestClient) -> None:
    for _ in range(2):
        for _ in range(7):
            sign_in(web, ADA, "wrong")
        assert sign_in(web, ADA).status_code == 303


def test_signing_out_ends_the_session_on_the_server_too(web: TestClient, database: Database) -> None:
    sign_in(web, ADA)
    token = web.cookies["honeyglass"]
    assert web.post("/sign-out").headers["location"] == "/sign-in"
    assert "honeyglass" not in web.cookies
    assert sessions(database) == []
    assert web.get("/studies", headers={"cookie": f"honeyglass={token}"}).status_code == 303


def test_a_session_ends_by_itself(web: TestClient, database: Database) -> None:
    sign_in(web, ADA)
    with database.transaction(writing=True) as session:
        session.scalars(select(UserSession)).one().expires_at = datetime.now(UTC) - timedelta(seconds=1)
    assert web.get("/studies").status_code == 303


def test_whoever_is_not_signed_in_is_led_to_the_door_and_back(web: TestClient) -> None:
    answer = web.get("/audit?words=a&page=2")
    assert answer.headers["location"] == "/sign-in?next=%2Faudit%3Fwords%3Da%26page%3D2"
    page = web.get(answer.headers["location"])
    assert 'value="/audit?words=a&amp;page=2"' in page.text
    done = web.post("/sign-in", data={"email": ADA, "password": PASSWORD, "next": "/audit?words=a"})
    assert done.headers["location"] == "/audit?words=a"
    assert web.get("/sign-in").headers["location"] == "/studies"


def test_whoever_is_signed_out_while_sending_learns_how_to_keep_it(web: TestClient) -> None:
    answer = web.post("/studies/new", data={"definition": "slug: <precious>", "password": "secret"})
    assert answer.status_code == 401
    assert "slug: &lt;precious&gt;" in answer.text
    assert 'href="/sign-in"' in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\nb"]
)
def test_the_way_back_never_leads_to_another_site(path: str) -> None:
    assert own_path(path) == "/studies"
    assert own_path("/studies/a?b=c") == "/studies/a?b=c"


def test_the_second_factor_is_asked_for_and_each_code_works_once(web: TestClient, database: Database) -> None:
    secret = pyotp.random_base32()
    with database.transaction(writing=True) as session:
        session.scalars(select(User)).one().totp_secret = secret
    asked = sign_in(web, ADA)
    assert asked.status_code == 200
    assert "honeyglass" not in web.cookies
    ticket = asked.text.split('name="ticket" value="')[1].split('"')[0]
    wrong = web.post("/sign-in/code", data={"ticket": ticket, "code": "000000"})
    assert wrong.status_code == 401
    code = pyotp.TOTP(secret).now()
    done = web.post("/sign-in/code", data={"ticket": ticket, "code": f" {code[:3]} {code[3:]}"})
    assert done.status_code == 303
    web.cookies.clear()
    assert web.post("/sign-in/code", data={"ticket": ticket, "code": code}).status_code == 401
    assert "honeyglass" not in web.cookies


def test_a_ticket_is_worth_nothing_once_the_password_was_changed(web: TestClient, database: Database) -> None:
    secret = pyotp.random_base32()
    with database.transaction(writing=True) as session:
        session.scalars(select(User)).one().totp_secret = secret
    ticket = sign_in(web, ADA).text.split('name="ticket" value="')[1].split('"')[0]
    with database.transaction(writing=True) as session:
        session.scalars(select(User)).one().password_hash = "another"
    answer = web.post("/sign-in/code", data={"ticket": ticket, "code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 401
    forged = web.post("/sign-in/code", data={"ticket": f"x{ticket}", "code": pyotp.TOTP(secret).now()})
    assert "took too long" in forged.text


def test_a_one_time_link_sets_a_password_once(web: TestClient, database: Database) -> None:
    sign_in(web, ADA)
    page = web.post("/users", data={"email": "bo@example.org", "role": "viewer"})
    assert page.status_code == 200
    link = page.text.split('id="link">')[1].split("<")[0]
    web.cookies.clear()
    path = link.removeprefix("http://testserver")
    assert "bo@example.org" in web.get(path).text
    short = web.post(path, data={"password": "short", "again": "short"})
    assert (short.status_code, "at least 12" in short.text) == (422, True)
    differing = web.post(path, data={"password": "a long enough one", "again": "another one"})
    assert "differ" in differing.text
    chosen = "nine cups of tea"
    assert web.post(path, data={"password": chosen, "again": chosen}).headers["location"] == "/sign-in"
    assert web.post(path, data={"password": "a" * 12, "again": "a" * 12}).status_code == 404
    assert sign_in(web, "bo@example.org", chosen).status_code == 303
    with database.transaction() as session:
        assert session.scalars(select(ResetLink)).all() == []


def test_an_expired_or_replaced_link_is_refused(web: TestClient, database: Database) -> None:
    sign_in(web, ADA)
    web.post("/users", data={"email": "bo@example.org", "role": "viewer"})
    with database.transaction() as session:
        bo = session.scalars(select(User.id).where(User.email == "bo@example.org")).one()
    first, second = (
        web.post(f"/users/{bo}/reset-link").text.split('id="link">')[1].split("<")[0] for _ in range(2)
    )
    assert web.get(first.removeprefix("http://testserver")).status_code == 404
    with database.transaction(writing=True) as session:
        session.scalars(select(ResetLink)).one().expires_at = datetime.now(UTC)
    assert web.get(second.removeprefix("http://testserver")).status_code == 404


def test_the_door_is_in_the_audit_log_and_no_secret_is(web: TestClient, database: Database) -> None:
    sign_in(web, ADA, "wrong")
    sign_in(web, ADA)
    web.post("/sign-out")
    with database.transaction() as session:
        events = list(session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
    assert [event.action for event in events] == ["user.created", "sign_in.failed", "sign_in", "sign_out"]
    assert [event.actor for event in events] == ["command line", ADA, ADA, ADA]
    assert events[0].after["password_hash"] == "(new secret)"
    assert "argon2" not in str([(event.before, event.after) for event in events])
