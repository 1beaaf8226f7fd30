"""Fixtures: a fresh, migrated database of each kind for every test that asks, and the web application."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.orm import Session
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from app.accounts import passwords
from app.background.work import Bench
from app.main import create_app
from app.queue import BACKGROUND, WORK, beat, make_queue
from app.settings import Settings
from app.web import migrations
from app.web.db import Database
from tests import at_once
from tests.grouping import make_scheduler
from tests.servers import PostgresServer

# Shared machines are too uneven for deadlines on single examples.
hypothesis.settings.register_profile("honeyglass", deadline=None, print_blob=True)
hypothesis.settings.load_profile("honeyglass")

# As in production a password takes a fifth of a second and 64 MiB, for each of some thousand sign-ins here;
# tests/accounts/test_passwords.py holds what production's are.
PRODUCTION = passwords.hasher
passwords.hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
passwords.NOBODY = passwords.hasher.hash("nobody")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL, started for the session, with a migrated database that tests copy."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database; the test runs once on each kind."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "honeyglass.db")
        yield f"sqlite:///{tmp_path / 'honeyglass.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        with server.fresh_database() as url:
            yield url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """An empty, migrated SQLite database, for what does not depend on the kind."""
    shutil.copy(sqlite_template, tmp_path / "honeyglass.db")
    return f"sqlite:///{tmp_path / 'honeyglass.db'}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.engine.dispose()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One writing transaction, committed when the test ends well."""
    with database.transaction(writing=True) as session:
        yield session


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url=database_url)


@pytest.fixture
def web(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A browser without a window: keeps cookies, does not follow redirects.

    What is sent is read at once, where the server has a process started for it; `apart` has it started.
    """
    at_once.read_here(monkeypatch)
    app = create_app(settings, database)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def apart(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  # it is what is changed
    """Files and definitions are read by processes of their own, as they are in production."""
    at_once.read_apart(monkeypatch)


@pytest.fixture
def background(web: TestClient, settings: Settings, database: Database) -> Bench:
    """Jobs are done at once, in the thread of whoever asks for them; their commands are real processes."""
    bench = Bench(settings, database, look_s=0.05)
    queue = make_queue(settings, {WORK: bench.work}, BACKGROUND)
    queue.immediate = True
    beat(queue)
    web.app.state.background = queue  # type: ignore[attr-defined]  # TestClient calls any ASGI app its app
    return bench


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of every later collection of garbage."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    return make_scheduler(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many browser tests really ran in Chromium, over all processes."""
    passed = terminalreporter.getreports("passed")
    versions = [
        version for report in passed for name, version in report.user_properties if name == "chromium"
    ]
    if versions:
        terminalreporter.write_line(f"{len(versions)} browser tests ran in Chromium {versions[0]}")
