"""Who may cancel a job, and the note of it."""

from app.access import level_of
from app.audit import record
from app.errors import Forbidden
from app.jobs import service
from app.jobs.pages import may_cancel
from app.models import Job, Study
from app.web.auth import Desk

NOT_YOURS = "Only who asked for it, or someone who may edit the study, can cancel it."


def cancel_job(at: Desk, study: Study, job: Job) -> None:
    """Raises: Forbidden; Conflict if it has come to its end."""
    level = level_of(at.session, at.person, study) or "view"
    if not may_cancel(at.person, level, job):
        raise Forbidden(NOT_YOURS)
    service.cancel(at.session, job)
    record(at.session, "job.cancelled", study.slug, after={"job": job.id, "kind": job.kind})
