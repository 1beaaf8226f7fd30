"""The file of a finished job, to a browser or a program."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import FileResponse, Response

from app.access import Level, study_for
from app.audit import record
from app.errors import NotFound
from app.jobs.files import file_of, folder_of
from app.jobs.service import job_of
from app.models import Job
from app.settings import Settings
from app.web.auth import Desk, Opener

NOT_THERE = "This has not been made yet, or is kept no longer; the results page has the button."
MEDIA = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".jsonl": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
}


def there(settings: Settings, job: Job | None, name: str) -> Path:
    """Raises: NotFound for what was never made, or is deleted."""
    path = folder_of(settings, job) / name if job is not None and job.folder is not None else None
    if job is None or job.state != "done" or path is None or not path.is_file():
        raise NotFound(NOT_THERE)
    return path


def send(request: Request, open_desk: Opener, slug: str, job_id: int) -> Response:
    """What a job has made. That a table leaves is noted, each time.

    The platform's ids are personal data: only who may edit the study gets them. Raises: NotFound, Forbidden.
    """
    settings: Settings = request.app.state.settings
    with open_desk(writing=True) as at:
        job = visible(at, slug, job_id)
        path = there(settings, job, file_of(job))
        if job.kind == "export":
            note(at, slug, job.result or {}, with_external_ids=job.arguments["with_external_ids"])
    headers = {"X-Content-SHA256": job.result["sha256"]} if job.result and "sha256" in job.result else {}
    name = f"{slug}-report.zip" if job.kind == "report" else path.name
    return FileResponse(path, media_type=MEDIA[path.suffix], filename=name, headers=headers)


def visible(at: Desk, slug: str, job_id: int) -> Job:
    study = study_for(at.session, at.person, slug)
    job = job_of(at.session, study.id, job_id)
    needed: Level = "edit" if job.arguments.get("with_external_ids") else "view"
    study_for(at.session, at.person, slug, needed)
    return job


def note(at: Desk, slug: str, manifest: Mapping[str, Any], *, with_external_ids: bool) -> None:
    """Who took which table, and whether with the platform's ids."""
    noted = {key: manifest[key] for key in ("format", "rows", "sha256", "modes")}
    record(at.session, "study.exported", slug, after={**noted, "external_ids": with_external_ids})
