"""What admins do with accounts, and that a stolen session of theirs does none of it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from app.accounts import attempts, turns
from app.accounts.attempts import Limit
from app.models import AuditEvent, ResetLink, User
from app.web.db import Database
from tests.factories import PASSWORD, make_user, sign_in
from tests.staff import text_of

ADA, BO, CY = "ada@example.org", "bo@example.org", "cy@example.org"
PROOF = {"current": PASSWORD}
SEED = pyotp.random_base32()
# What is done, the form of it, and words of the page that asks for the proof.
DEEDS: dict[str, tuple[dict[str, str], str]] = {
    "/users": ({"email": CY, "role": "admin"}, "cy@example.org gets an account as admin"),
    "/users/{bo}/role": ({"role": "admin"}, "bo@example.org, now researcher, becomes admin"),
    "/users/{bo}/reset-link": ({}, "a link that sets a new password for bo@example.org"),
    "/users/{bo}/second-factor-off": ({}, "bo@example.org will sign in with the password alone"),
    "/users/{bo}/deactivate": ({}, "bo@example.org is signed out everywhere"),
    "/users/{gone}/activate": ({}, "gone@example.org may sign in again"),
}
every_deed = pytest.mark.parametrize("deed", DEEDS)


@pytest.fixture(autouse=True)
def people(web: TestClient, database: Database) -> dict[str, int]:
    """Ada is an admin and signed in; Bo is a researcher with a second factor; one has gone. Their ids."""
    with database.transaction(writing=True) as session:
        ada, bo, gone = (
            make_user(session, ADA, "admin"),
            make_user(session, BO),
            make_user(session, "gone@example.org"),
        )
        bo.totp_secret, gone.is_active = SEED, False
        session.flush()
        ids = {"ada": ada.id, "bo": bo.id, "gone": gone.id}
    sign_in(web, ADA)
    return ids


def user(database: Database, email: str) -> User:
    with database.transaction() as session:
        return session.scalars(select(User).where(User.email == email)).one()


def give_second_factor(database: Database, email: str = ADA) -> None:
    with database.transaction(writing=True) as session:
        session.scalars(select(User).where(User.email == email)).one().totp_secret = SEED


def everything(database: Database) -> list[tuple[Any, ...]]:
    """What these deeds could change."""
    columns = (User.email, User.role, User.is_active, User.must_change_password, User.totp_secret)
    with database.transaction() as session:
        rows = session.execute(select(*columns).order_by(User.id)).all()
        links = session.execute(select(ResetLink.user_id, ResetLink.token_sha256)).all()
    return [tuple(row) for row in (*rows, *links)]


@every_deed
def test_a_stolen_admins_session_does_nothing_without_the_password(
    web: TestClient, database: Database, people: dict[str, int], deed: str
) -> None:
    (fields, words), before = DEEDS[deed], everything(database)
    path = deed.format(**people)
    for proof, status in (
        ({}, 200),
        ({"code": "000000"}, 200),
        ({"current": ""}, 422),
        ({"current": "wrong"}, 422),
    ):
        answer = web.post(path, data=fields | proof)
        assert (answer.status_code, everything(database)) == (status, before), proof
        assert words in text_of(answer)
        assert f'action="{path}"' in answer.text
        for name, value in fields.items():  # what was chosen comes along
            assert f'<input type="hidden" name="{name}" value="{value}">' in answer.text
        assert ("This is not your password." in answer.text) == (status == 422)
    assert web.post(path, data=fields | PROOF).status_code in {200, 303}
    assert everything(database) != before


@every_deed
def test_nor_without_the_code_where_the_admin_has_a_second_factor(
    web: TestClient, database: Database, people: dict[str, int], deed: str
) -> None:
    give_second_factor(database)
    (fields, _), before = DEEDS[deed], everything(database)
    path, used = deed.format(**people), pyotp.TOTP(SEED).at(datetime.now(UTC) - timedelta(minutes=5))
    for code in ({}, {"code": ""}, {"code": "000000"}, {"code": used}):
        answer = web.post(path, data=fields | PROOF | code)
        assert (answer.status_code, everything(database)) == (422, before)
        assert "This code is not right" in answer.text
    answer = web.post(path, data=fields | PROOF | {"code": pyotp.TOTP(SEED).now()})
    assert answer.status_code in {200, 303}
    assert everything(database) != before


@every_deed
def test_hashing_for_a_proof_waits_for_its_turn_like_any_other(
    web: TestClient,
    database: Database,
    people: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
    deed: str,
) -> None:
    before = everything(database)
    monkeypatch.setattr(turns, "MOST_WAITING", 0)
    assert web.post(deed.format(**people), data=DEEDS[deed][0] | PROOF).status_code == 429
    assert everything(database) == before


@pytest.mark.parametrize("deed", ["reset-link", "second-factor-off"])
def test_ones_own_password_and_second_factor_are_changed_on_ones_account_page_alone(
    web: TestClient, database: Database, people: dict[str, int], deed: str
) -> None:
    give_second_factor(database)
    before = everything(database)
    for proof in ({}, PROOF | {"code": pyotp.TOTP(SEED).now()}):
        answer = web.post(f"/users/{people['ada']}/{deed}", data=proof)
        assert answer.status_code == 409
        assert "on your account page" in answer.text
    assert everything(database) == before
    assert f"/users/{people['ada']}/{deed}" not in web.get("/users").text


def test_what_speaks_against_a_deed_is_said_at_once_and_uses_up_no_code(
    web: TestClient, database: Database, people: dict[str, int]
) -> None:
    give_second_factor(database)
    bo, gone, ada = people["bo"], people["gone"], people["ada"]
    for path, fields, complaint in (
        (f"/users/{bo}/role", {"role": "king"}, "Please choose one of the roles"),
        (f"/users/{bo}/role", {"role": "researcher"}, "is researcher already"),
        (f"/users/{ada}/role", {"role": "viewer"}, "is the only admin"),
        (f"/users/{ada}/deactivate", {}, "is the only admin"),
        (f"/users/{gone}/reset-link", {}, "activate the account first"),
        (f"/users/{gone}/second-factor-off", {}, "has no second factor"),
    ):
        for proof in ({}, PROOF | {"code": pyotp.TOTP(SEED).now()}):
            answer = web.post(path, data=fields | proof)
            assert answer.status_code == 409
            assert complaint in text_of(answer)
    assert user(database, ADA).totp_last_step is None
    assert (user(database, ADA).role, user(database, ADA).is_active) == ("admin", True)


def test_too_many_wrong_passwords_are_said_in_place(
    web: TestClient, people: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "BY_BROWSER", Limit(1, timedelta(minutes=15)))
    fields, path = {"role": "viewer", "current": "wrong"}, f"/users/{people['bo']}/role"
    assert web.post(path, data=fields).status_code == 422
    answer = web.post(path, data=fields | PROOF)
    assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
    assert "Too many attempts." in answer.text
    assert 'name="role" value="viewer"' in answer.text


def test_an_admin_changes_roles_deactivates_and_activates(
    web: TestClient, database: Database, people: dict[str, int]
) -> None:
    bo = people["bo"]
    web.post(f"/users/{bo}/role", data={"role": "viewer"} | PROOF)
    assert user(database, BO).role == "viewer"
    web.post(f"/users/{bo}/deactivate", data=PROOF)
    assert not user(database, BO).is_active
    web.post(f"/users/{bo}/activate", data=PROOF)
    assert user(database, BO).is_active
    assert "bo@example.org may sign in again." in web.get("/users").text
    with database.transaction() as session:
        hers = AuditEvent.action == "user.changed", AuditEvent.actor == ADA
        changes = list(session.scalars(select(AuditEvent).where(*hers)))
    assert [(change.before, change.after) for change in changes] == [
        ({"role": "researcher"}, {"role": "viewer"}),
        ({"is_active": True}, {"is_active": False}),
        ({"is_active": False}, {"is_active": True}),
    ]
    assert {change.address for change in changes} == {"testclient"}


def test_whose_second_factor_an_admin_turned_off_chooses_a_new_password_at_once(
    web: TestClient, database: Database, people: dict[str, int]
) -> None:
    """Theirs may have twelve letters, which are enough beside a code alone."""
    asked = web.post(f"/users/{people['bo']}/second-factor-off")
    assert "must choose a new one at once" in text_of(asked)
    web.post(f"/users/{people['bo']}/second-factor-off", data=PROOF)
    assert "must choose a new one at once" in text_of(web.get("/users"))
    assert (user(database, BO).totp_secret, user(database, BO).must_change_password) == (None, True)
    web.cookies.clear()
    sign_in(web, BO)
    assert web.get("/studies").headers["location"] == "/account/new-password"
    assert "your second factor was turned off" in web.get("/account/new-password").text
    for chosen, status in (("rusty kettle", 422), ("rusty kettle zebra", 303)):
        fields = {"current": PASSWORD, "password": chosen, "again": chosen}
        assert web.post("/account/password", data=fields).status_code == status
    assert web.get("/studies").status_code == 200


@pytest.mark.parametrize(
    "email,status",
    [("", 422), ("no address", 422), ("a@b@c", 422), ("x" * 300 + "@y", 422), (ADA.upper(), 409)],
)
def test_an_account_needs_a_new_address_and_what_was_typed_stays(
    web: TestClient, database: Database, email: str, status: int
) -> None:
    answers: list[Response] = [
        web.post("/users", data={"email": email, "role": "viewer"} | proof) for proof in ({}, PROOF)
    ]
    for answer in answers:
        assert answer.status_code == status
        assert 'id="link"' not in answer.text
        shown = " ".join(answer.text.split())
        assert f'value="{email}" required aria-invalid="true" autofocus' in shown
        assert re.search(
            r"<option\s+selected\s*>\s*viewer\s*</option>", answer.text.partition("Add someone")[2]
        )
    with database.transaction() as session:
        assert len(session.scalars(select(User)).all()) == 3


def test_the_audit_log_is_searched_by_words(web: TestClient) -> None:
    web.post("/users", data={"email": CY, "role": "viewer"} | PROOF)
    found = web.get("/audit", params={"words": "cy@example user.created"}).text
    assert found.count("<time") == 1
    assert "Nothing matches" in web.get("/audit", params={"words": "100%_ nothing"}).text
    assert web.get("/audit", params={"words": "a" * 201}).status_code == 404
    assert web.get("/audit", params={"page": 0}).status_code == 404
