"""Accounts from the command line."""

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select

from app.accounts import passwords
from app.models import AuditEvent, ResetLink, StudyAccess, User
from app.web.db import Database
from tests.cli.conftest import Honeyglass, write_study


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """What the commands of a test work on."""
    database = Database(f"sqlite:///{tmp_path / 'home/honeyglass.db'}")
    yield database
    database.engine.dispose()


def test_an_account_is_made_with_a_password_that_is_printed_once(
    honeyglass: Honeyglass, database: Database
) -> None:
    made = honeyglass("user", "add", "Ada@Example.org", "--role", "admin", "--json")
    with database.transaction() as session:
        user = session.scalars(select(User)).one()
        event = session.scalars(select(AuditEvent)).one()
    assert (user.email, user.role) == ("ada@example.org", "admin")
    assert passwords.is_right(made.json["password"], user.password_hash)
    assert (event.actor, event.action, event.subject) == ("command line", "user.created", "ada@example.org")
    listed = honeyglass("user", "list", "--json")
    assert listed.json["users"] == [
        {"email": "ada@example.org", "role": "admin", "is_active": True, "has_second_factor": False}
    ]


def test_roles_links_and_leaving(honeyglass: Honeyglass, database: Database) -> None:
    honeyglass("user", "add", "ada@example.org", "--role", "admin", "--json")
    honeyglass("user", "add", "bo@example.org", "--json")
    assert "/reset/" in honeyglass("user", "link", "bo@example.org", "--json").json["url"]
    honeyglass("user", "role", "bo@example.org", "viewer", "--json")
    honeyglass("user", "second-factor-off", "bo@example.org", "--json")
    honeyglass("user", "deactivate", "bo@example.org", "--json")
    with database.transaction() as session:
        bo = session.scalars(select(User).where(User.email == "bo@example.org")).one()
        assert (bo.role, bo.is_active) == ("viewer", False)
        assert session.scalars(select(ResetLink)).all() == []
    assert honeyglass("user", "link", "bo@example.org", "--json").status == 1
    assert honeyglass("user", "activate", "bo@example.org", "--json").status == 0


def test_whose_second_factor_the_console_turned_off_must_choose_a_new_password(
    honeyglass: Honeyglass, database: Database
) -> None:
    honeyglass("user", "add", "bo@example.org", "--json")
    with database.transaction(writing=True) as session:
        bo = session.scalars(select(User)).one()
        bo.totp_secret, bo.must_change_password = pyotp.random_base32(), False
    assert "must choose a new one" in honeyglass("user", "second-factor-off", "bo@example.org").out
    with database.transaction() as session:
        bo = session.scalars(select(User)).one()
        assert (bo.totp_secret, bo.must_change_password) == (None, True)


@pytest.mark.parametrize(
    "arguments,complaint",
    [
        (("add", "ada@example.org"), "There is an account for 'ada@example.org' already."),
        (("add", "ada"), "'ada' is no e-mail address."),
        (("role", "ada@example.org", "viewer"), "is the only admin"),
        (("deactivate", "ada@example.org"), "is the only admin"),
        (("link", "nobody@example.org"), "There is no account for 'nobody@example.org'."),
    ],
)
def test_what_cannot_be_done_is_said(
    honeyglass: Honeyglass, arguments: tuple[str, ...], complaint: str
) -> None:
    honeyglass("user", "add", "ada@example.org", "--role", "admin", "--json")
    refused = honeyglass("user", *arguments, "--json")
    assert refused.status == 1
    assert complaint in refused.json["error"]


def test_a_study_is_made_for_somebody(honeyglass: Honeyglass, tmp_path: Path, database: Database) -> None:
    honeyglass("user", "add", "ada@example.org", "--json")
    file = write_study(tmp_path)
    assert honeyglass("study", "create", file, "--owner", "nobody@example.org").status == 1
    assert honeyglass("study", "create", file, "--owner", "ada@example.org").status == 0
    with database.transaction() as session:
        assert session.scalars(select(StudyAccess.level)).all() == ["own"]
