"""One's own account."""

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
    """Two people are signed in, Ada in the test's browser."""
    with database.transaction(writing=True) as session:
        make_user(session, ADA, "admin")
        make_user(session, BO)
    sign_in(web, BO)
    web.cookies.clear()
    sign_in(web, ADA)


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
        ({"current": PASSWORD, "password": "short", "again": "short"}, "at least 15 characters"),
        ({"current": PASSWORD, "password": "x" * 201, "again": "x" * 201}, "at most 200 characters"),
        ({"current": PASSWORD, "password": "nine c" * 3, "again": "nine c" * 3}, "too easy to guess"),
        ({"current": PASSWORD, "password": f"my {ADA}", "again": f"my {ADA}"}, "too easy to guess"),
        ({}, "at least 15 characters"),
        ({"current": PASSWORD, "password": PASSWORD, "again": PASSWORD}, "Please choose another"),
        (
            {"current": PASSWORD, "password": "Honeyglass-2026!", "again": "Honeyglass-2026!"},
            "too easy to guess",
        ),
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


TOKEN = {"name": "script", "days": "30", "scope studies:read": "on", "current": PASSWORD}


@pytest.mark.parametrize("current", ["", "wrong"])
def test_a_stolen_session_makes_no_token_without_the_password(
    web: TestClient, database: Database, current: str
) -> None:
    answer = web.post("/account/tokens", data=TOKEN | {"current": current})
    assert answer.status_code == 422
    assert "This is not your password." in answer.text
    with database.transaction() as session:
        assert session.scalars(select(ApiToken)).all() == []


@pytest.mark.parametrize(
    "end,sessions,tokens",
    [(None, 1, 1), ("sessions", 1, 1), ("sessions and tokens", 1, 0), ("nothing", 2, 1)],
)
def test_changing_the_password_ends_what_its_owner_chooses(
    web: TestClient, database: Database, end: str | None, sessions: int, tokens: int
) -> None:
    web.post("/account/tokens", data=TOKEN)
    web.cookies.clear()
    sign_in(web, ADA)
    fields = {"current": PASSWORD, "password": NEW, "again": NEW} | ({"end": end} if end else {})
    assert web.post("/account/password", data=fields).status_code == 303
    with database.transaction() as session:
        ada = select(User.id).where(User.email == ADA).scalar_subquery()
        left = session.scalars(select(UserSession).where(UserSession.user_id == ada)).all()
        working = session.scalars(select(ApiToken).where(ApiToken.revoked_at.is_(None))).all()
    assert (len(left), len(working)) == (sessions, tokens)
    assert web.get("/account").status_code == 200


def test_signing_out_everywhere_ends_every_session_of_this_person_alone(
    web: TestClient, database: Database
) -> None:
    cookies = [web.cookies["honeyglass"]]
    web.cookies.clear()
    sign_in(web, ADA)
    cookies.append(web.cookies["honeyglass"])
    assert web.post("/account/sign-out-everywhere").headers["location"] == "/sign-in"
    headers = [{"cookie": f"honeyglass={cookie}"} for cookie in cookies]
    assert [web.get("/account", headers=one).status_code for one in headers] == [303, 303]
    with database.transaction() as session:
        owners = session.scalars(select(User.email).join(UserSession, UserSession.user_id == User.id)).all()
        events = session.scalars(select(AuditEvent.action)).all()
    assert owners == [BO]
    assert "sign_out.everywhere" in events


def test_a_token_is_shown_once_stored_hashed_and_revoked(web: TestClient, database: Database) -> None:
    page = web.post("/account/tokens", data=TOKEN | {"scope nonsense": "on"})
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
        {"name": "a", "days": "91", "scope studies:read": "on"},
        {"name": "a", "days": "x", "scope studies:read": "on"},
        {"name": " ", "days": "3", "scope studies:read": "on"},
        {"name": "a", "days": "3"},
        {},
    ],
)
def test_a_token_without_name_scope_or_end_is_refused(
    web: TestClient, database: Database, fields: dict[str, str]
) -> None:
    assert web.post("/account/tokens", data={"current": PASSWORD} | fields).status_code == 422
    with database.transaction() as session:
        assert session.scalars(select(ApiToken)).all() == []
