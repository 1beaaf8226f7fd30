"""Real processes: whichever is killed in the middle of a job, the job is done or begun again by itself."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil

from app.jobs import service
from app.models import Job
from app.web.db import Database
from tests.factories import make_study
from tests.jobs.made import make_job
from tests.servers import WebServer

LEASE_S = 3
SECONDS = 120


class Place(WebServer):
    """A server whose jobs are looked at in the database."""

    def __init__(self, home: Path, url: str) -> None:
        super().__init__(home, url)
        self.env["HONEYGLASS_LEASE_SECONDS"] = str(LEASE_S)
        self.database = Database(url)

    def ask_for_a_package(self) -> int:
        with self.database.transaction(writing=True) as session:
            return make_job(session, "package").id

    def job(self, job_id: int) -> Job:
        with self.database.transaction() as session:
            return session.get_one(Job, job_id)

    def wait_until(self, is_so: Callable[[], object]) -> None:
        deadline = time.monotonic() + SECONDS
        while not is_so():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def processes(self, module: str) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in children if one.is_running() and module in command_of(one)]

    def wait_until_it_runs(self, job_id: int, attempt: int) -> psutil.Process:
        """The job's process, on that attempt or a later one."""

        def is_running() -> bool:
            job = self.job(job_id)
            assert job.state in service.UNDER_WAY, job.reason
            return job.attempts >= attempt and len(self.processes("app.background.child")) == 1

        self.wait_until(is_running)
        return self.processes("app.background.child")[0]


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def test_a_job_outlives_kill_9_of_the_background_process_and_of_the_server_and_dies_when_it_is_cancelled(
    sqlite_url: str, tmp_path: Path
) -> None:
    with Place(tmp_path / "home", sqlite_url) as place:
        with place.database.transaction(writing=True) as session:
            make_study(session)
        number = place.ask_for_a_package()
        child = place.wait_until_it_runs(number, 1)
        [background] = place.processes("app.background")
        background.kill()
        psutil.wait_procs([child], timeout=30)
        assert not child.is_running()
        child = place.wait_until_it_runs(number, 2)
        place.kill()
        psutil.wait_procs([child], timeout=30)
        assert not child.is_running()
        place.start()
        place.wait_until(lambda: place.job(number).state == "done")
        assert (place.home / "jobs" / str(place.job(number).folder) / "small-data.zip").exists()

        number = place.ask_for_a_package()
        child = place.wait_until_it_runs(number, 1)
        with place.database.transaction(writing=True) as session:
            service.cancel(session, session.get_one(Job, number))
        psutil.wait_procs([child], timeout=30)
        assert not child.is_running()
        assert place.job(number).state == "cancelled"

        number = place.ask_for_a_package()
        child = place.wait_until_it_runs(number, 1)
        place.process.terminate()  # as systemd does: what is under way is given back
        place.process.wait(timeout=30)
        place.wait_until(lambda: place.job(number).state == "waiting")
        psutil.wait_procs([child], timeout=30)
        assert (place.job(number).attempts, child.is_running()) == (0, False)
    place.database.engine.dispose()
