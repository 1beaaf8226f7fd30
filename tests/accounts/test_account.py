"""One's own account, and what admins do with others'."""

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.models import ApiToken, AuditEvent, User, UserSession
from app.web.auth import token_hash
from app.web.db import Database
from tests.factories import PASSWORD, make_user, sign_in

ADA, BO = "ada@example.org", "bo@example.org"
NEW = "nine cups of tea"


@pytest.fixture(autouse=True)
def people(web: TestClient, database: Database) -> None:
    """Ada is an admin, Bo a researcher; both are signed in, Ada in the test's browser."""
    with database.transaction(writing=True) as session:
        make_user(session, ADA, "admin")
        make_user(session, BO)
    sign_in(web, BO)
    web.cookies.clear()
    sign_in(web, ADA)


def user(database: Database, email: str) -> User:
    with database.transaction() as session:
        return session.scalars(select(User).where(User.email == email)).one()


def test_a_new_password_signs_out_every_other_browser_but_this(web: TestClient, database: Database) -> None:
    here = web.cookies["honeyglass"]
    web.cookies.clear()
    sign_in(web, ADA)
    fields = {"current": PASSWORD, "password": NEW, "again": NEW}
    assert web.post("/account/password", data=fields).headers["location"] == "/account"
    assert "Your password is changed" in web.get("/account").text
    assert web.get("/account").status_code == 200
    web.cookies.clear()
    assert web.get("/account", headers={"cookie": f"honeyglass={here}"}).status_code == 303
    assert sign_in(web, ADA).status_code == 401
    assert sign_in(web, ADA, NEW).status_code == 303
    with database.transaction() as session:
        bos = select(UserSession).join(User, User.id == UserSession.user_id).where(User.email == BO)
        assert len(session.scalars(bos).all()) == 1


@pytest.mark.parametrize(
    "fields,complaint",
    [
        ({"current": "wrong", "password": NEW, "again": NEW}, "This is not your password."),
        ({"current": PASSWORD, "password": NEW, "again": "other"}, "The two new passwords differ."),
        ({"current": PASSWORD, "password": "short", "again": "short"}, "at least 12 characters"),
        ({"current": PASSWORD, "password": "x" * 201, "again": "x" * 201}, "at most 200 characters"),
        ({"current": PASSWORD, "password": "abab" * 4, "again": "abab" * 4}, "too easy to guess"),
        ({"current": PASSWORD, "password": f"my {ADA}", "again": f"my {ADA}"}, "too easy to guess"),
        ({}, "This is not your password."),
    ],
)
def test_a_password_that_is_refused_says_why_and_changes_nothing(
    web: TestClient, fields: dict[str, str], complaint: str
) -> None:
    answer = web.post("/account/password", data=fields)
    assert answer.status_code == 422
    assert complaint in answer.text
    web.cookies.clear()
    assert sign_in(web, ADA).status_code == 303


def test_browsers_are_listed_and_signed_out_one_by_one(web: TestClient, database: Database) -> None:
    first = web.cookies["honeyglass"]
    web.cookies.clear()
    web.post("/sign-in", data={"email": ADA, "password": PASSWORD}, headers={"user-agent": "Second <b>"})
    page = web.get("/account").text
    assert "Second &lt;b&gt;" in page
    with database.transaction() as session:
        old = session.scalars(
            select(UserSession.id).where(UserSession.token_sha256 == token_hash(first))
        ).one()
        bos = session.scalars(
            select(UserSession.id).join(User, User.id == UserSession.user_id).where(User.email == BO)
        ).one()
    assert web.post(f"/account/sessions/{old}/revoke").status_code == 303
    assert web.post(f"/account/sessions/{bos}/revoke").status_code == 404
    web.cookies.clear()
    assert web.get("/account", headers={"cookie": f"honeyglass={first}"}).status_code == 303


def secret_and_ticket(page: str) -> tuple[str, str]:
    _, secret = page.split("<code>")
    _, ticket = page.split('name="ticket" value="')
    return secret.partition("<")[0], ticket.partition('"')[0]


def test_the_second_factor_is_turned_on_with_a_code_and_off_with_the_password(
    web: TestClient, database: Database
) -> None:
    page = web.get("/account/second-factor").text
    secret, ticket = (
        page.split("<code>")[1].split("<")[0],
        page.split('name="ticket" value="')[1].split('"')[0],
    )
    assert "<svg" in page
    wrong = web.post("/account/second-factor", data={"ticket": ticket, "code": "12"})
    assert (wrong.status_code, user(database, ADA).totp_secret) == (422, None)
    assert secret in wrong.text  # the same key again, so that nothing is scanned twice
    web.post("/account/second-factor", data={"ticket": ticket, "code": pyotp.TOTP(secret).now()})
    assert user(database, ADA).totp_secret == secret
    assert web.post("/account/second-factor/off", data={"current": "wrong"}).status_code == 422
    assert user(database, ADA).totp_secret == secret
    web.post("/account/second-factor/off", data={"current": PASSWORD})
    assert user(database, ADA).totp_secret is None


def test_somebody_elses_set_up_ticket_is_refused(web: TestClient, database: Database) -> None:
    page = web.get("/account/second-factor").text
    secret, ticket = (
        page.split("<code>")[1].split("<")[0],
        page.split('name="ticket" value="')[1].split('"')[0],
    )
    web.cookies.clear()
    sign_in(web, BO)
    answer = web.post("/account/second-factor", data={"ticket": ticket, "code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 422
    assert user(database, BO).totp_secret is None


def test_a_token_is_shown_once_stored_hashed_and_revoked(web: TestClient, database: Database) -> None:
    fields = {"name": "script", "days": "30", "scope studies:read": "on", "scope nonsense": "on"}
    page = web.post("/account/tokens", data=fields)
    token = page.text.split('id="token">')[1].split("<")[0]
    assert token not in web.get("/account").text
    with database.transaction() as session:
        stored = session.scalars(select(ApiToken)).one()
    assert (stored.token_sha256, stored.scopes) == (token_hash(token), ["studies:read"])
    assert (stored.expires_at - stored.created_at).days == 30
    assert web.post(f"/account/tokens/{stored.id}/revoke").status_code == 303
    assert web.post(f"/account/tokens/{stored.id}/revoke").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a", "days": "0", "scope studies:read": "on"},
        {"name": "a", "days": "367", "scope studies:read": "on"},
        {"name": "a", "days": "x", "scope studies:read": "on"},
        {"name": " ", "days": "3", "scope studies:read": "on"},
        {"name": "a", "days": "3"},
        {},
    ],
)
def test_a_token_without_name_scope_or_end_is_refused(
    web: TestClient, database: Database, fields: dict[str, str]
) -> None:
    assert web.post("/account/tokens", data=fields).status_code == 422
    with database.transaction() as session:
        assert session.scalars(select(ApiToken)).all() == []


def test_an_admin_changes_roles_deactivates_and_activates(web: TestClient, database: Database) -> None:
    bo = user(database, BO).id
    web.post(f"/users/{bo}/role", data={"role": "viewer"})
    assert user(database, BO).role == "viewer"
    assert web.post(f"/users/{bo}/role", data={"role": "king"}).status_code == 409
    web.post(f"/users/{bo}/deactivate")
    assert not user(database, BO).is_active
    assert web.post(f"/users/{bo}/reset-link").status_code == 409
    web.post(f"/users/{bo}/activate")
    assert user(database, BO).is_active
    assert "bo@example.org may sign in again." in web.get("/users").text
    with database.transaction() as session:
        changes = list(session.scalars(select(AuditEvent).where(AuditEvent.action == "user.changed")))
    assert [(change.before, change.after) for change in changes] == [
        ({"role": "researcher"}, {"role": "viewer"}),
        ({"is_active": True}, {"is_active": False}),
        ({"is_active": False}, {"is_active": True}),
    ]
    assert {change.actor for change in changes} == {ADA}
    assert {change.address for change in changes} == {"testclient"}


def test_the_only_admin_stays_one(web: TestClient, database: Database) -> None:
    ada = user(database, ADA).id
    assert web.post(f"/users/{ada}/deactivate").status_code == 409
    assert web.post(f"/users/{ada}/role", data={"role": "viewer"}).status_code == 409
    assert user(database, ADA).role == "admin"


def test_an_admin_turns_off_a_lost_second_factor(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        session.scalars(select(User).where(User.email == BO)).one().totp_secret = pyotp.random_base32()
    web.post(f"/users/{user(database, BO).id}/second-factor-off")
    assert user(database, BO).totp_secret is None


@pytest.mark.parametrize("email", ["", "no address", "a@b@c", "x" * 300 + "@y", ADA.upper()])
def test_an_account_needs_a_new_address(web: TestClient, database: Database, email: str) -> None:
    answer = web.post("/users", data={"email": email, "role": "viewer"})
    assert answer.status_code == 422
    assert 'id="link"' not in answer.text
    with database.transaction() as session:
        assert len(session.scalars(select(User)).all()) == 2


def test_the_audit_log_is_searched_by_words(web: TestClient) -> None:
    web.post("/users", data={"email": "cy@example.org", "role": "viewer"})
    found = web.get("/audit", params={"words": "cy@example user.created"}).text
    assert found.count("<time") == 1
    assert "Nothing matches" in web.get("/audit", params={"words": "100%_ nothing"}).text
    assert web.get("/audit", params={"words": "a" * 201}).status_code == 404
    assert web.get("/audit", params={"page": 0}).status_code == 404
