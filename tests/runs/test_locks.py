"""Who waits for whom while workers claim, store and fail batches: the run is locked before the batch, always.

PostgreSQL alone: SQLite has one writer at a time.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.models import GenerationBatch, GenerationRun
from app.runs import service as runs
from app.web.db import Database
from tests.factories import make_user
from tests.runs.test_service import make_run, written

pytestmark = pytest.mark.postgres
LEASE_S = 60
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, statement_timeout_ms=20_000)
    yield database
    database.engine.dispose()


def beside(database: Database, work: Callable[[Session], object]) -> Callable[[], object]:
    def run() -> object:
        with database.transaction(writing=True) as session:
            return work(session)

    return run


def waits_for_a_lock(database: Database, other: Future[object]) -> bool:
    """Whether the other transaction came to a lock that is held; False if it ended without one."""
    pause = threading.Event()
    for _ in range(2_000):
        with database.transaction() as session:
            if session.scalar(text(WAITING)):
                return True
        if other.done():
            return False
        pause.wait(0.01)
    pytest.fail("the other transaction neither waits nor ends")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("second", ["claims", "fails"])
def test_a_worker_that_stores_and_one_that_gives_up_never_wait_for_each_other(
    database: Database, second: str
) -> None:
    """The first has locked the run when the second comes, and then needs the batch."""
    with database.transaction(writing=True) as session:
        run = make_run(session)
        batch = runs.claim_batch(session, run.id, "first", LEASE_S)
        assert batch is not None
        question_ids = list(batch.question_ids)
        over = datetime.now(UTC) - timedelta(seconds=1)
        changes = {"attempts": runs.MOST_ATTEMPTS, **({"leased_until": over} if second == "claims" else {})}
        session.execute(update(GenerationBatch).values(**changes))

    def other(session: Session) -> object:
        if second == "claims":
            return runs.claim_batch(session, run.id, "second", LEASE_S)
        runs.fail_batch(session, batch.id, "first", "an error")
        return None

    with ThreadPoolExecutor(1) as pool:
        with database.transaction(writing=True) as session:
            session.get(GenerationRun, run.id, with_for_update=True)
            waiting = pool.submit(beside(database, other))
            assert waits_for_a_lock(database, waiting)
            rows = [written(question_id) for question_id in question_ids]
            assert runs.store_batch(session, batch.id, "first", rows, 1)
        assert waiting.result() is None
    with database.transaction() as session:
        assert session.get_one(GenerationRun, run.id).state == "complete"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_cancelled_run_stays_cancelled_whoever_was_about_to_claim_it(database: Database) -> None:
    with database.transaction(writing=True) as session:
        run = make_run(session)
        session.execute(update(GenerationBatch).values(attempts=runs.MOST_ATTEMPTS))
    with ThreadPoolExecutor(1) as pool:
        with database.transaction(writing=True) as session:
            runs.cancel_run(session, run.id)
            session.flush()
            claim = beside(database, lambda session: runs.claim_batch(session, run.id, "w", LEASE_S))
            waiting = pool.submit(claim)
            assert waits_for_a_lock(database, waiting)
        assert waiting.result() is None
    with database.transaction() as session:
        assert session.get_one(GenerationRun, run.id).state == "cancelled"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_admins_are_locked_in_one_order(database: Database) -> None:
    """The table's own order is turned round, in which two counts could wait for each other."""
    with database.transaction(writing=True) as session:
        first, second = (make_user(session, f"{name}@example.org", "admin") for name in "ab")
    with database.transaction(writing=True) as session:
        session.execute(text('UPDATE "user" SET role = role WHERE id = :id'), {"id": first.id})
    with ThreadPoolExecutor(1) as pool:
        with database.transaction(writing=True) as session:
            accounts.locked_user(session, first.id)
            waiting = pool.submit(beside(database, accounts.count_admins))
            assert waits_for_a_lock(database, waiting)
            accounts.locked_user(session, second.id)
        assert waiting.result() == 2
