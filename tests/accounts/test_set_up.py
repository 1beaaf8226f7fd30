"""One's own second factor: set up, replaced and turned off, with the proof each time."""

from datetime import UTC, datetime
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from app.accounts import passwords, second_factor
from app.accounts import second_factor_routes as set_up_pages
from app.accounts.sealing import Seal
from app.models import User
from app.web.db import Database
from tests.factories import PASSWORD, make_user, sign_in

ADA, BO = "ada@example.org", "bo@example.org"
NEW = "nine cups of tea"


@pytest.fixture(autouse=True)
def began(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """All codes are shown and read as of now, though a time step may end within a test."""
    matching, now = second_factor.matching_step, datetime.now(UTC)
    monkeypatch.setattr(pyotp.TOTP, "now", lambda totp: totp.at(now))
    monkeypatch.setattr(second_factor, "matching_step", lambda seed, code, _: matching(seed, code, now))
    return now


@pytest.fixture(autouse=True)
def people(web: TestClient, database: Database) -> None:
    """Two people are signed in, Ada in the test's browser."""
    with database.transaction(writing=True) as session:
        make_user(session, ADA, "admin")
        make_user(session, BO)
    sign_in(web, BO)
    web.cookies.clear()
    sign_in(web, ADA)


def user(database: Database, email: str) -> User:
    with database.transaction() as session:
        return session.scalars(select(User).where(User.email == email)).one()


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


def codes(seed: str, began: datetime) -> list[str]:
    """Codes that are right now, each of a later step."""
    return [pyotp.TOTP(seed).at(began, counter_offset=step) for step in (-1, 0, 1)]


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
    web: TestClient, database: Database, began: datetime
) -> None:
    mine = pyotp.random_base32()
    with database.transaction(writing=True) as session:
        session.scalars(select(User).where(User.email == ADA)).one().totp_secret = mine
    for code in ("", "000000", pyotp.TOTP(pyotp.random_base32()).now()):
        _, answer = set_up(web, code=code)
        assert (answer.status_code, seed_of(database, web)) == (422, mine)
        off = web.post("/account/second-factor/off", data={"current": PASSWORD, "code": code})
        assert (off.status_code, seed_of(database, web)) == (422, mine)
    seed, answer = set_up(web, code=codes(mine, began)[1])
    assert (answer.status_code, seed_of(database, web)) == (303, seed)
    later = codes(seed, began)[2]
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


def test_a_password_that_is_too_short_without_a_code_is_changed_before_the_code_is_turned_off(
    web: TestClient, database: Database, began: datetime
) -> None:
    mine, short = pyotp.random_base32(), "rusty kettle"
    with database.transaction(writing=True) as session:
        found = session.scalars(select(User).where(User.email == ADA)).one()
        found.totp_secret, found.password_hash = mine, passwords.hasher.hash(short)
    proof = {"current": short, "code": codes(mine, began)[0]}
    answer = web.post("/account/second-factor/off", data=proof)
    assert (answer.status_code, seed_of(database, web)) == (422, mine)
    assert "Please change your password above first" in answer.text
    fields = proof | {"password": NEW, "again": NEW}  # the code is not used up
    assert web.post("/account/password", data=fields).status_code == 303
    web.post("/account/second-factor/off", data={"current": NEW, "code": codes(mine, began)[1]})
    assert (seed_of(database, web), user(database, ADA).must_change_password) == (None, False)
