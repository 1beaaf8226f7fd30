"""One's own account, and what admins do with others'."""

from datetime import UTC, datetime
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from app.accounts import second_factor
from app.accounts import set_up as set_up_pages
from app.accounts.sealing import Seal
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


def secret_and_ticket(page: str) -> tuple[str, str]:
    seed, ticket = page.partition("<code>")[2], page.partition('name="ticket" value="')[2]
    return seed.partition("<")[0], ticket.partition('"')[0]


def set_up(web: TestClient, **changes: str) -> tuple[str, Response]:
    """Open the form of the second factor and send it; the seed it showed and the answer."""
    seed, ticket = secret_and_ticket(web.get("/account/second-factor").text)
    fields = {"ticket": ticket, "new_code": pyotp.TOTP(seed).now(), "current": PASSWORD} | changes
    return seed, web.post("/account/second-factor", data=fields)


def seed_of(database: Database, web: TestClient, email: str = ADA) -> str | None:
    """The seed as the server reads it."""
    app: Any = web.app
    found = user(database, email)
    return app.state.seal.open(found.totp_secret, found.id) if found.totp_secret else None


def codes(seed: str) -> list[str]:
    """Codes that are right now, each of a later step."""
    now = int(datetime.now(UTC).timestamp())
    return [pyotp.TOTP(seed).at(now + step * second_factor.STEP_S) for step in (-1, 0, 1)]


def test_a_stolen_session_sets_up_no_second_factor_without_the_password(
    web: TestClient, database: Database
) -> None:
    for wrong in ("", "wrong", PASSWORD.upper()):
        seed, answer = set_up(web, current=wrong)
        assert (answer.status_code, user(database, ADA).totp_secret) == (422, None)
        assert seed in answer.text  # the same key again, so that nothing is scanned twice
    seed, answer = set_up(web)
    assert answer.headers["location"] == "/account"
    assert seed_of(database, web) == seed


def test_a_stolen_session_replaces_no_second_factor_without_the_old_code(
    web: TestClient, database: Database
) -> None:
    mine = pyotp.random_base32()
    with database.transaction(writing=True) as session:
        session.scalars(select(User).where(User.email == ADA)).one().totp_secret = mine
    for code in ("", "000000", pyotp.TOTP(pyotp.random_base32()).now()):
        _, answer = set_up(web, code=code)
        assert (answer.status_code, seed_of(database, web)) == (422, mine)
        off = web.post("/account/second-factor/off", data={"current": PASSWORD, "code": code})
        assert (off.status_code, seed_of(database, web)) == (422, mine)
    seed, answer = set_up(web, code=codes(mine)[1])
    assert (answer.status_code, seed_of(database, web)) == (303, seed)
    later = codes(seed)[2]
    assert web.post("/account/second-factor/off", data={"current": "wrong", "code": later}).status_code == 422
    web.post("/account/second-factor/off", data={"current": PASSWORD, "code": later})
    assert user(database, ADA).totp_secret is None


@pytest.mark.parametrize("whose", ["too old", "another session's", "forged", "none"])
def test_a_set_up_ticket_is_for_one_session_and_for_some_minutes(
    web: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    if whose == "too old":
        monkeypatch.setattr(set_up_pages, "TICKET_S", -1)
    seed, ticket = secret_and_ticket(web.get("/account/second-factor").text)
    if whose == "another session's":
        web.cookies.clear()
        sign_in(web, ADA)
    ticket = {"forged": f"x{ticket}", "none": ""}.get(whose, ticket)
    fields = {"ticket": ticket, "new_code": pyotp.TOTP(seed).now(), "current": PASSWORD}
    assert web.post("/account/second-factor", data=fields).status_code == 422
    assert user(database, ADA).totp_secret is None


def test_a_second_factors_seed_is_stored_sealed_for_its_owner_alone(
    web: TestClient, database: Database
) -> None:
    seed, _ = set_up(web)
    stored = user(database, ADA).totp_secret or ""
    assert seed not in stored
    app: Any = web.app
    assert app.state.seal.open(stored, user(database, BO).id) is None
    assert Seal(b"another installation").open(stored, user(database, ADA).id) is None


def test_seeds_that_earlier_releases_stored_are_sealed_by_migrating(database: Database) -> None:
    seed, seal = pyotp.random_base32(), Seal(b"secret")
    with database.transaction(writing=True) as session:
        session.scalars(select(User).where(User.email == ADA)).one().totp_secret = seed
    for _ in range(2):  # again changes nothing
        with database.transaction(writing=True) as session:
            second_factor.seal_all(session, seal)
        found = user(database, ADA)
        assert seed not in (found.totp_secret or "")
        assert seal.open(found.totp_secret or "", found.id) == seed


def test_a_replaced_secret_key_is_said_and_lets_nobody_in(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        found = session.scalars(select(User).where(User.email == ADA)).one()
        found.totp_secret = Seal(b"old").close(pyotp.random_base32(), found.id)
    answer = web.post("/account/second-factor/off", data={"current": PASSWORD, "code": "000000"})
    assert answer.status_code == 409
    assert f"second-factor-off {ADA}" in answer.text


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
    for cookie in cookies:
        assert web.get("/account", headers={"cookie": f"honeyglass={cookie}"}).status_code == 303
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
