"""/studies/{slug}/jobs: cancelling what staff have asked for; the pages where it is asked for show it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access import study_for
from app.jobs.cancelling import cancel_job
from app.jobs.forms import JobId
from app.jobs.service import job_of
from app.web.auth import desk
from app.web.shell import go

router = APIRouter(prefix="/studies/{slug}/jobs")


@router.post("/{job_id}/cancel")
def cancel(request: Request, slug: str, job_id: JobId) -> Response:
    with desk(request, writing=True) as at:
        study = study_for(at.session, at.person, slug)
        job = job_of(at.session, study.id, job_id)
        cancel_job(at, study, job)
        kind = job.kind
    place = "rehearsal" if kind == "rehearsal" else "results"
    return go(request, f"/studies/{slug}/{place}", "It is cancelled.")
