"""Jobs are started once, held by a lease, and end in one way."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.jobs import queries, service
from app.jobs.service import ERASED, INTERRUPTED, KINDS, LOST, Kind, Progress
from app.models import Job
from app.web.db import Database
from tests.jobs.made import BUSY, make_job

LEASE_S = 60


def let_leases_run_out(session: Session) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    session.execute(update(Job).where(Job.state == "running").values(leased_until=past))


def claimed(session: Session, kind: Kind = "report") -> Job:
    make_job(session, kind)
    job = service.claim(session, "one", LEASE_S)
    assert job is not None
    return job


def test_one_of_each_kind_and_subject_is_under_way_and_the_next_may_begin_when_it_ended(
    session: Session,
) -> None:
    first = make_job(session)
    make_job(session, "package")
    make_job(session, subject="another")
    for _ in range(2):  # waiting, then running
        with pytest.raises(Conflict, match=BUSY):
            make_job(session)
        service.claim(session, "one", LEASE_S)
    service.finish(session, first.id, "one", {"ok": True})
    make_job(session)


def test_the_database_itself_refuses_a_second_one(database: Database) -> None:
    """Two requests may look at the same moment; neither looks, since the index decides."""
    with database.transaction(writing=True) as session:
        make_job(session)
    with pytest.raises(Conflict, match=BUSY), database.transaction(writing=True) as session:
        make_job(session)
    with database.transaction() as session:
        assert len(session.scalars(select(Job)).all()) == 1


def test_the_oldest_comes_first_and_only_of_the_kinds_that_are_asked_for(session: Session) -> None:
    numbers = [make_job(session, kind).id for kind in ("report", "package", "export")]
    found = service.claim(session, "one", LEASE_S, ["package", "export"])
    assert found is not None
    assert (found.id, found.state, found.attempts) == (numbers[1], "running", 1)
    others = [service.claim(session, "two", LEASE_S) for _ in range(3)]
    assert [job and job.id for job in others] == [numbers[0], numbers[2], None]


def test_what_a_dead_process_held_goes_to_the_next_three_times_at_most(session: Session) -> None:
    job = claimed(session)
    assert service.claim(session, "two", LEASE_S) is None
    for attempt in (2, 3):
        let_leases_run_out(session)
        again = service.claim(session, f"worker {attempt}", LEASE_S)
        assert (again, job.attempts) == (job, attempt)
    assert not service.finish(session, job.id, "one", {"ok": True})
    let_leases_run_out(session)
    assert service.claim(session, "five", LEASE_S) is None
    service.give_up_lost(session)
    assert (job.state, job.reason, job.folder) == ("failed", LOST, None)


def test_a_rehearsal_that_was_interrupted_is_not_begun_again(session: Session) -> None:
    job = claimed(session, "rehearsal")
    let_leases_run_out(session)
    assert service.claim(session, "two", LEASE_S) is None
    service.give_up_lost(session)
    assert (job.state, job.reason) == ("failed", INTERRUPTED)
    again = claimed(session, "rehearsal")
    service.give_back(session, again.id, "one")
    assert (again.state, again.reason) == ("failed", INTERRUPTED)


def test_a_lease_is_prolonged_with_the_progress(session: Session) -> None:
    job = claimed(session)
    let_leases_run_out(session)
    session.refresh(job)
    service.prolong(session, job.id, "one", LEASE_S, Progress(3, 10, "Fitting models: clarity"))
    assert (job.done, job.total, job.doing) == (3, 10, "Fitting models: clarity")
    assert service.claim(session, "two", LEASE_S) is None
    service.prolong(session, job.id, "two", 2 * LEASE_S, Progress(9, 10))
    assert job.done == 3


def test_what_is_given_back_waits_again_and_costs_no_attempt(session: Session) -> None:
    job = claimed(session)
    service.give_back(session, job.id, "one")
    assert (job.state, job.attempts, job.folder, job.worker) == ("waiting", 0, None, None)


def test_no_folder_is_used_twice(session: Session) -> None:
    """Who gives a job back deletes its folder afterwards, when the next worker may have claimed the job."""
    job = claimed(session)
    first = job.folder
    service.give_back(session, job.id, "one")
    assert service.claim(session, "two", LEASE_S) == job
    assert first
    assert job.folder not in (None, first)


@pytest.mark.parametrize("is_running", [False, True])
def test_a_cancelled_job_stays_cancelled(session: Session, *, is_running: bool) -> None:
    job = make_job(session)
    if is_running:
        service.claim(session, "one", LEASE_S)
        assert service.is_wanted(session, job.id, "one")
    service.cancel(session, job)
    assert not service.is_wanted(session, job.id, "one")
    assert not service.finish(session, job.id, "one", {"ok": True})
    service.fail(session, job.id, "one", "too late")
    service.give_back(session, job.id, "one")
    assert service.claim(session, "two", LEASE_S) is None
    assert (job.state, job.reason, job.result, job.folder) == ("cancelled", None, None, None)
    with pytest.raises(Conflict, match="is cancelled"):
        service.cancel(session, job)


def test_a_finished_job_keeps_its_file_until_the_next_one_is_whole(session: Session) -> None:
    first = claimed(session)
    assert service.finish(session, first.id, "one", {"ok": True})
    second = claimed(session)
    assert queries.with_file(session, "report", "small") == first
    service.fail(session, second.id, "one", "x" * 900)
    assert (second.state, len(second.reason or "")) == ("failed", service.LONGEST_REASON)
    third = claimed(session)
    assert service.finish(session, third.id, "one", {"ok": True})
    session.refresh(first)
    assert queries.folders(session) == {third.folder}
    assert queries.latest(session, "report", "small") == third


def test_after_an_erasing_nothing_made_before_is_kept_but_of_a_rehearsal(session: Session) -> None:
    done = claimed(session)
    service.finish(session, done.id, "one", {"ok": True})
    running, rehearsal = claimed(session, "package"), claimed(session, "rehearsal")
    waiting = make_job(session, "export")
    service.forget(session, done.study_id)
    for job in (done, running, rehearsal, waiting):
        session.refresh(job)
    assert done.folder is None
    assert queries.folders(session) == {rehearsal.folder}  # what the package's process writes meanwhile goes
    assert not service.is_wanted(session, running.id, "one")
    assert service.is_wanted(session, rehearsal.id, "one")
    assert not service.finish(session, running.id, "one", {"ok": True})
    assert (running.state, running.reason) == ("failed", ERASED)
    # What waited begins after the erasing, so it holds nothing of it.
    assert service.claim(session, "one", LEASE_S) == waiting
    assert service.finish(session, waiting.id, "one", {"ok": True})


def test_an_export_is_kept_for_a_day_and_a_report_until_there_is_a_new_one(session: Session) -> None:
    kinds: tuple[Kind, ...] = ("export", "report")
    jobs = [claimed(session, kind) for kind in kinds]
    for job in jobs:
        service.finish(session, job.id, "one", {"ok": True})
    service.expire(session)
    assert len(queries.folders(session)) == 2
    for job in jobs:
        job.finished_at = datetime.now(UTC) - service.EXPORT_KEPT - timedelta(minutes=1)
    session.flush()
    service.expire(session)
    assert queries.folders(session) == {jobs[1].folder}


def test_a_job_is_found_under_its_own_study_alone(session: Session) -> None:
    job = make_job(session, "package")
    assert service.job_of(session, job.study_id, job.id) == job
    for study_id, kinds in ((job.study_id + 1, KINDS), (job.study_id, ["rehearsal"])):
        with pytest.raises(NotFound, match=f"no job {job.id}"):
            service.job_of(session, study_id, job.id, kinds)  # type: ignore[arg-type]  # mypy joins to str
