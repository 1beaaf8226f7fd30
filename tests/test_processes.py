"""The real server process: small, without machine learning, and with nothing in its log."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from app.cli.serving import refuse_defaults
from app.errors import Conflict
from app.settings import Settings
from app.web.db import Database
from tests.factories import make_study
from tests.servers import BIN, WebServer

MACHINE_LEARNING = ("torch", "transformers", "peft", "tensorflow", "jax")


def test_the_web_process_never_loads_machine_learning() -> None:
    script = (
        "import sys, app.cli, app.main, app.participation.assignment; app.main.create_app();"
        "[app.cli.commands_of(name) for name in app.cli.MODULES];"
        f"print([name for name in {MACHINE_LEARNING!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_server_is_small_and_takes_synthetic_participants_without_an_error(
    database_url: str, tmp_path: Path
) -> None:
    database = Database(database_url)
    with database.transaction(writing=True) as session:
        make_study(session, audience="synthetic", attention={"count": 1}, comment="required")
    database.engine.dispose()
    with WebServer(tmp_path / "home", database_url, workers=2) as server:
        arguments = ["--url", server.address, "--participants", "8", "--concurrency", "8", "--seed", "1"]
        done = server.command("simulate", "small", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "8 of 8 completed; 32 responses, 64 ratings, 0 lost, 0 differing, 0 errors" in done.stdout
        checked = server.command("study", "check", "small", "--json")
        assert checked.returncode == 0, checked.stdout
        processes = psutil.Process(server.process.pid).children(recursive=True)
        largest = max(process.memory_info().rss for process in processes) / 2**20
        with urllib.request.urlopen(f"{server.address}/healthz") as answer:  # noqa: S310  # loopback
            assert answer.read() == b"ok"
    log = server.log.read_text()
    assert " ERROR " not in log
    assert " WARNING " not in log
    assert "Traceback" not in log
    assert largest < 200


@pytest.mark.parametrize("to_worker", [False, True])
def test_ctrl_c_ends_the_server_and_its_worker_without_a_crash(
    sqlite_url: str, tmp_path: Path, *, to_worker: bool
) -> None:
    with WebServer(tmp_path / "home", sqlite_url, loads_students=True) as server:
        process = psutil.Process(server.process.pid)
        worker = wait_for_worker(process, server.log)
        if to_worker:
            worker.send_signal(signal.SIGINT)
            worker.wait(timeout=60)
        os.killpg(server.process.pid, signal.SIGINT)
        server.process.wait(timeout=60)
        if not to_worker:
            psutil.wait_procs([worker], timeout=60)
        assert not worker.is_running()
    log = server.log.read_text()
    assert "Fatal Python error" not in log
    assert "Traceback" not in log


def wait_for_worker(server: psutil.Process, log: Path) -> psutil.Process:
    """The worker beside the server, once it waits for tasks."""
    deadline = time.monotonic() + 90
    while "waiting for tasks" not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    [worker] = [child for child in server.children() if "app.worker" in child.cmdline()]
    return worker


def test_simulating_a_study_for_people_needs_force_and_then_does_not_count(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database(sqlite_url)
    with database.transaction(writing=True) as session:
        make_study(session)
    with WebServer(tmp_path / "home", sqlite_url) as server:
        arguments = ["simulate", "small", "--url", server.address, "--participants", "2"]
        refused = server.command(*arguments)
        assert refused.returncode == 1
        assert "audience: synthetic" in refused.stderr
        assert server.command(*arguments, "--force").returncode == 0
        out = tmp_path / "out.csv"
        server.command("export", "small", "--out", str(out))
        assert len(out.read_text().splitlines()) == 1
        server.command("export", "small", "--out", str(out), "--include-synthetic")
        assert len(out.read_text().splitlines()) == 1 + 2 * 4 * 2
    database.engine.dispose()


def test_serving_before_migrating_says_what_to_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [BIN / "honeyglass", "serve"],
        env={"HONEYGLASS_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "honeyglass migrate" in done.stderr


def test_the_secret_is_made_once_and_its_owners_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    secret = settings.load_secret()
    assert settings.load_secret() == secret
    assert len(secret) == 64
    assert (tmp_path / "home" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert Settings(home=tmp_path / "other").load_secret() != secret


@pytest.mark.parametrize("address", ["postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"])
def test_a_plain_postgresql_address_gets_the_installed_driver(address: str) -> None:
    assert Settings(database_url=address).url == "postgresql+psycopg://u:p@h/d"


def test_a_secret_that_others_could_know_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    path = tmp_path / "secret.key"
    settings.load_secret()
    path.chmod(0o640)
    with pytest.raises(OSError, match="chmod 600"):
        settings.load_secret()
    path.write_bytes(b"changeme" * 8)
    path.chmod(0o600)
    with pytest.raises(OSError, match="not a random secret"):
        settings.load_secret()


@pytest.mark.parametrize("password", ["postgres", "HoneyGlass", "changeme", ""])
def test_a_well_known_database_password_is_refused_where_others_reach_the_server(password: str) -> None:
    settings = Settings(database_url=f"postgresql://honeyglass:{password}@database/honeyglass")
    refuse_defaults(settings, "127.0.0.1")
    with pytest.raises(Conflict, match="well-known password"):
        refuse_defaults(settings, "0.0.0.0")  # noqa: S104  # compared, not bound
    unknown = Settings(database_url="postgresql://honeyglass:9f2c51d07a@database/honeyglass")
    refuse_defaults(unknown, "0.0.0.0")  # noqa: S104  # compared, not bound
    refuse_defaults(Settings(database_url="postgresql:///honeyglass?host=/run/postgresql"), "::")
