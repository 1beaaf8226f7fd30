"""The home is its owner's alone."""

import stat
from pathlib import Path

import pytest

from app import home
from app.queue import make_queue
from app.settings import Settings
from app.web.db import Database
from tests.servers import WebServer


def mode_of(path: Path) -> str:
    return oct(stat.S_IMODE(path.lstat().st_mode))


def open_to_others(folder: Path) -> list[Path]:
    return [path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]


def test_nobody_else_reads_the_home_its_database_or_the_files_sqlite_puts_beside_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    settings.load_secret()
    make_queue(settings)
    database = Database(settings.url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE paid (answer TEXT)")
        assert (settings.home / "honeyglass.db-wal").exists()
        assert open_to_others(settings.home) == []
    database.engine.dispose()


def test_a_home_that_was_open_is_closed_when_the_server_starts(sqlite_url: str, tmp_path: Path) -> None:
    place = tmp_path / "home"
    Settings(home=place).load_secret()
    (place / "kept").mkdir()
    (place / "kept/demo.zip").write_text("ratings")
    for path in (place, place / "kept", place / "kept/demo.zip"):
        path.chmod(0o755)
    with WebServer(place, sqlite_url) as server:
        log = server.log.read_text()
        assert [mode_of(path) for path in (place, place / "kept", place / "kept/demo.zip")] == [
            *("0o700", "0o700", "0o700")
        ]
    assert "were open to others and are closed now" in log


def test_a_key_that_others_could_read_is_left_for_a_person_to_decide(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    settings.load_secret()
    key = settings.home / "secret.key"
    key.chmod(0o644)
    home.close(settings.home, key.name)
    with pytest.raises(OSError, match="readable by others"):
        settings.load_secret()
