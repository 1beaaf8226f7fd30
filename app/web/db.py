"""One unit of work does its database work in one `with ... transaction(...)` block.

Leaving the block commits, raising rolls back; application code never commits. In a request the block
stands inside the handler, never in a dependency: a session dependency in sync handlers can deadlock with
BEGIN IMMEDIATE (every thread waits for the write lock while its holder waits for a thread), and by
default FastAPI would commit it after the response has left.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from starlette.requests import Request

from app.audit import COMMAND_LINE, Actor, note_changes

# SQLite has one writer; waiting here costs less than waiting in its busy loop.
sqlite_writer = threading.Lock()
BUSY_MS = 10_000
EMPTYING_MS = 250
DISK_FULL = "53100"  # of PostgreSQL
SNAPSHOT_MS = 10 * 60_000
PRAGMAS = (
    *("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"),
    "secure_delete=ON",  # what is deleted is overwritten: else an erased answer can be read from the file
)


class Database:
    """An engine and the three kinds of transaction this application knows."""

    def __init__(
        self, url: str, *, statement_timeout_ms: int | None = None, actor: Actor = COMMAND_LINE
    ) -> None:
        """Connect lazily. `statement_timeout_ms` also bounds waits for locks; PostgreSQL only.

        `actor` is whom the audit log names for whatever nobody in particular does.
        """
        self.engine = make_engine(url, statement_timeout_ms)
        self.sessions = sessionmaker(self.engine, expire_on_commit=False, info={"actor": actor})
        event.listen(self.sessions, "before_flush", note_changes)
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self, *, writing: bool = False) -> Iterator[Session]:
        lock: AbstractContextManager[object] = sqlite_writer if writing and self.is_sqlite else nullcontext()
        with lock, self.sessions.begin() as session:
            if writing and self.is_sqlite:
                session.connection(execution_options={"writing": True})
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A read that sees one moment throughout, however long it takes."""
        with self.sessions.begin() as session:
            if not self.is_sqlite:  # SQLite's BEGIN in WAL mode is a snapshot already
                session.connection(
                    execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                )
                # It holds no locks that participants wait for, so their short patience is not its own.
                session.execute(text(f"SET LOCAL statement_timeout = {SNAPSHOT_MS}"))
            yield session

    def empty_log(self) -> bool:
        """After an erasing: empty SQLite's write-ahead log, where old pages can be read; whether it is empty.

        Whoever reads at this moment keeps the log; the next erasing, or closing the database, empties it.
        """
        if not self.is_sqlite:
            return True
        with sqlite_writer, closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={EMPTYING_MS}")  # everybody's answers wait meanwhile
            is_busy = True
            with suppress(sqlite3.OperationalError):
                (is_busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        return not is_busy


def make_engine(url: str, statement_timeout_ms: int | None) -> Engine:
    """An engine whose errors show no parameters: they would put participants' codes into the log."""
    if url.startswith("sqlite"):
        engine = create_engine(url, hide_parameters=True)
        event.listen(engine, "do_connect", make_private)
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
        return engine
    options = "-c timezone=utc"
    if statement_timeout_ms is not None:
        options += f" -c lock_timeout={statement_timeout_ms} -c statement_timeout={statement_timeout_ms}"
    return create_engine(url, connect_args={"options": options}, pool_pre_ping=True, hide_parameters=True)


def make_private(_dialect: Dialect, _record: object, arguments: Sequence[str], _named: object) -> None:
    """SQLite makes its file readable by all, and the ones beside it like it; where it cannot, it says so."""
    with suppress(OSError):
        Path(arguments[0]).touch(0o600)


def prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # the driver opens no transaction of its own: begin_sqlite does
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def transaction(request: Request, *, writing: bool = False) -> AbstractContextManager[Session]:
    return cast("Database", request.app.state.database).transaction(writing=writing)


def is_full(error: OperationalError) -> bool:
    """Whether the database has no room left; SQLite and PostgreSQL say it in their own ways."""
    name, state = (getattr(error.orig, key, None) for key in ("sqlite_errorname", "sqlstate"))
    return name == "SQLITE_FULL" or state == DISK_FULL
