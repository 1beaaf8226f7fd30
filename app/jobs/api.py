from functools import partial
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from app.access import study_for
from app.jobs import queries
from app.jobs.cancelling import cancel_job
from app.jobs.described import JobOut
from app.jobs.forms import JobId
from app.jobs.sending import send
from app.jobs.service import job_of
from app.web.auth import api_desk
from app.web.rest import Limit, Offset, api_router

api = api_router("jobs")
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What was made; X-Content-SHA256 has its hash, but for reports.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@api.get("/studies/{slug}/jobs")
def list_jobs(request: Request, slug: str, offset: Offset = 0, limit: Limit = 100) -> list[JobOut]:
    """List a study's jobs, the newest first: reports, packages, large exports, rehearsals."""
    with api_desk(request, "exports:read") as at:
        study = study_for(at.session, at.person, slug)
        found = queries.jobs_of(at.session, study.id, offset=offset, limit=limit)
        return [JobOut.of(slug, job) for job in found]


@api.get("/studies/{slug}/jobs/{job_id}")
def get_job(request: Request, slug: str, job_id: JobId) -> JobOut:
    """Get how far a job is, and what it came to."""
    with api_desk(request, "exports:read") as at:
        study = study_for(at.session, at.person, slug)
        return JobOut.of(slug, job_of(at.session, study.id, job_id))


@api.get("/studies/{slug}/jobs/{job_id}/file", response_class=Response, responses=FILE)
def get_job_file(request: Request, slug: str, job_id: JobId) -> Response:
    """Get what a job has made: a table, the data package, or the report's folder as a .zip."""
    return send(request, partial(api_desk, request, "exports:read"), slug, job_id)


@api.post("/studies/{slug}/jobs/{job_id}/cancel")
def cancel(request: Request, slug: str, job_id: JobId) -> JobOut:
    """Cancel a job that is waiting or running: one's own, or any as somebody who may edit the study."""
    with api_desk(request, "exports:read", writing=True) as at:
        study = study_for(at.session, at.person, slug)
        job = job_of(at.session, study.id, job_id)
        cancel_job(at, study, job)
        return JobOut.of(slug, job)
