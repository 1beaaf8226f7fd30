"""Who waits for whom while jobs end and answers are erased: what runs is locked before what is done."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from app.jobs import queries, service
from app.web.db import Database
from tests.jobs.made import make_job
from tests.runs.test_locks import beside, waits_for_a_lock

LEASE_S = 60


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_job_that_ends_and_an_erasing_never_wait_for_each_other(database: Database) -> None:
    """The job has locked its own row when the erasing comes, and then needs those of the files before."""
    for number in range(2):
        with database.transaction(writing=True) as session:
            job = make_job(session)
            service.claim(session, "one", LEASE_S)
            if number == 0:
                assert service.finish(session, job.id, "one", {})

    def erase(session: Session) -> None:
        service.forget(session, job.study_id)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction(writing=True) as session:
            assert service.held(session, job.id, "one")
            waiting = pool.submit(beside(database, erase))
            assert waits_for_a_lock(database, waiting)
            assert service.finish(session, job.id, "one", {})
        assert waiting.result() is None
    with database.transaction() as session:
        assert queries.folders(session) == set()
