"""What jobs make, in a folder of its own each below the home's jobs/: there as long as its row says so."""

import shutil
from pathlib import Path

from app.jobs import queries, service
from app.models import Job
from app.settings import Settings
from app.web.db import Database

FOLDER = "jobs"
# Where releases before these jobs kept files of people's answers; an erasing would not find them.
EARLIER = ("packages", "reports", "rehearsals")


def folder_of(settings: Settings, job: Job) -> Path:
    return settings.home / FOLDER / str(job.folder)


def tidy(settings: Settings, database: Database) -> None:
    """Delete what no job keeps."""
    # The folders are listed before the rows are read: one that is made meanwhile is not among them.
    found = list((settings.home / FOLDER).glob("*"))
    with database.transaction() as session:
        kept = queries.folders(session)
    for path in found:
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)


def forget(settings: Settings, database: Database, study_id: int) -> None:
    """After an erasing is committed: throw away what was made of the study's answers before."""
    with database.transaction(writing=True) as session:
        # Once more, for a job that was begun between the erasing and its commit.
        service.forget(session, study_id)
    tidy(settings, database)


def drop_earlier(settings: Settings) -> None:
    for name in EARLIER:
        shutil.rmtree(settings.home / name, ignore_errors=True)
