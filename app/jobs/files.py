"""What jobs make, in a folder of its own each below the home's jobs/: there as long as its row says so."""

import shutil
from pathlib import Path

from sqlalchemy import select

from app.jobs import queries, service
from app.models import Job, Study
from app.settings import Settings
from app.web.db import Database

FOLDER = "jobs"
# Where releases before these jobs kept files of people's answers; an erasing would not find them.
EARLIER = ("packages", "reports", "rehearsals")


REPORT = "report"
REPORT_PAGE = f"{REPORT}/report.html"


def file_of(job: Job) -> str:
    """The name, below the job's folder, of what is downloaded."""
    if job.kind == "report":
        return f"{REPORT}.zip"
    return str(job.arguments["file"]) if job.kind == "export" else f"{job.arguments['slug']}-data.zip"


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


def forget(settings: Settings, database: Database, slug: str) -> None:
    """After an erasing is committed: throw away what was made of the study's answers before."""
    with database.transaction(writing=True) as session:
        study_id = session.scalars(select(Study.id).where(Study.slug == slug)).one()
        # Once more, for a job that was begun between the erasing and its commit.
        service.forget(session, study_id)
    tidy(settings, database)


def drop_earlier(settings: Settings) -> None:
    for name in EARLIER:
        shutil.rmtree(settings.home / name, ignore_errors=True)
