"""The web server with the demo study, and what its database and its exports hold."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.servers import WebServer


class DemoServer(WebServer):
    """`honeyglass serve` on an SQLite file in `home`, which holds the demo study."""

    def __init__(self, home: Path, *, loads_students: bool = False) -> None:
        self.database = home / "honeyglass.db"
        super().__init__(home, f"sqlite:///{self.database}", loads_students=loads_students)

    def do(self, *arguments: str) -> None:
        """Run a honeyglass command that must succeed."""
        done = self.command(*arguments)
        assert done.returncode == 0, done.stderr

    def add_user(self, email: str, role: str) -> str:
        """Make an account; its password."""
        done = self.command("user", "add", email, "--role", role, "--json")
        assert done.returncode == 0, done.stdout
        return str(json.loads(done.stdout)["password"])

    def query(self, sql: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            return connection.execute(sql, values).fetchall()

    def pseudonym(self, code: str) -> str:
        [(pseudonym,)] = self.query("SELECT pseudonym FROM participant WHERE code = ?", code)
        return str(pseudonym)

    def responses(self, code: str) -> int:
        """How many items' answers are stored of a participant."""
        [(count,)] = self.query(
            "SELECT count(*) FROM response JOIN assignment ON assignment.id = assignment_id "
            "JOIN participant ON participant.id = participant_id WHERE code = ?",
            code,
        )
        return int(count)

    def export(self, code: str, export_format: str = "long", slug: str = "demo") -> list[dict[str, str]]:
        """What a researcher gets of one participant."""
        out = self.home / f"{export_format}-{code}.csv"
        self.do("export", slug, "--format", export_format, "--out", str(out))
        with out.open(encoding="utf-8", newline="") as lines:
            return [row for row in csv.DictReader(lines) if row["participant"] == self.pseudonym(code)]


@contextmanager
def demo_server(home: Path, *, loads_students: bool = False) -> Iterator[DemoServer]:
    shutil.rmtree(home, ignore_errors=True)
    server = DemoServer(home, loads_students=loads_students)
    server.do("demo")
    with server:
        yield server
