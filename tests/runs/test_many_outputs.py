"""Pages of many outputs read the rows they show, and what they count is counted in the database."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from app.web.db import Database
from tests.factories import make_checkpoint, make_question_set, make_run
from tests.staff import bearer, become

SHOWN = 25
PAGES = (
    "/runs/{run}?page=2",
    "/runs/{run}?which=wrong",
    "/runs/{run}?which=repetitive",
    "/checkpoints/{student}",
    "/runs/{run}/beside?other={other}",
    "/runs/{run}/beside?other={other}&which=answers&page=2",
    "/runs/{run}/beside?other={other}&which=correctness",
    "/api/v1/runs/{run}",
    "/api/v1/runs/{run}/outputs?limit=25",
)
Seen = list[tuple[str, Any]]


@contextmanager
def noted(database: Database) -> Iterator[Seen]:
    """Every statement that is run meanwhile, with its parameters."""
    seen: Seen = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def rows_read(database: Database, seen: Seen) -> int:
    """The most rows that one of the statements about explanations gives."""
    about = [one for one in seen if re.search(r"(FROM|JOIN) explanation\b", one[0])]
    with database.engine.connect() as connection:
        return max(len(connection.exec_driver_sql(*one).all()) for one in about)


def make_two_runs(database: Database, count: int) -> dict[str, Any]:
    """Two students with a run each on a set of so many questions; half of their answers differ."""
    with database.transaction(writing=True) as session:
        make_question_set(session, count, f"set-{count}")
        made = []
        for name, odd in (("one", "yes"), ("two", "no")):
            make_checkpoint(session, f"{name}-{count}")
            told = [odd if number % 2 else "no" for number in range(count)]
            made.append(make_run(session, f"{name}-{count}", f"set-{count}", told).id)
    return {"run": made[0], "other": made[1], "student": f"one-{count}"}


@pytest.fixture
def few_and_many(database: Database) -> tuple[dict[str, Any], dict[str, Any]]:
    return make_two_runs(database, 60), make_two_runs(database, 300)


def test_a_page_reads_no_more_rows_and_asks_no_more_often_the_more_outputs_there_are(
    web: TestClient, database: Database, few_and_many: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    become(web, database)
    token = bearer(database, "bee@example.org")
    for page in PAGES:
        asked = []
        for run in few_and_many:
            with noted(database) as seen:
                assert web.get(page.format(**run), headers=token).status_code == 200, page
            assert rows_read(database, seen) <= 2 * SHOWN, page
            asked.append(len(seen))
        assert asked[0] == asked[1] <= 20, page


def test_a_page_asks_no_more_often_the_more_runs_there_are(web: TestClient, database: Database) -> None:
    run = make_two_runs(database, 8)
    become(web, database)
    asked: list[list[int]] = []
    for _ in range(2):
        asked.append([])
        for page in ("/runs/{run}", "/checkpoints/{student}", "/runs/{run}/beside?other={other}"):
            with noted(database) as seen:
                assert web.get(page.format(**run)).status_code == 200
            asked[-1].append(len(seen))
        with database.transaction(writing=True) as session:
            for student in ("one-8", "two-8"):
                make_run(session, student, "set-8", ["yes"] * 8)
    assert asked[0] == asked[1]
