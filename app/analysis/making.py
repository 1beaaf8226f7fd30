"""Asking for a study's report or data package."""

from typing import Literal

from app.access import study_for
from app.audit import record
from app.jobs.service import Order, start
from app.models import Job
from app.web.auth import Desk

What = Literal["report", "package"]
BUSY = "This is being made already; the page shows when it is there."
ACTIONS: dict[What, str] = {"report": "study.analyzed", "package": "study.packaged"}


def ask_for(at: Desk, slug: str, what: What) -> Job:
    """Raises: NotFound; Conflict while it is being made."""
    study = study_for(at.session, at.person, slug)
    order = Order(kind=what, subject=slug, study_id=study.id, arguments={"slug": slug}, actor=at.person.email)
    job = start(at.session, order, BUSY)
    record(at.session, ACTIONS[what], slug)
    return job
