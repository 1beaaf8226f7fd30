"""A simulation started from the browser or by a program: the command `honeyglass simulate`, as a job.

The server answers it as it answers people.
"""

from fastapi import Request

from app.access import study_for
from app.audit import record
from app.errors import Conflict
from app.jobs.service import Order, start
from app.models import Job
from app.simulation.forms import RehearsalForm
from app.web.auth import Desk

BUSY = "Synthetic participants are taking this study already; wait until they are done."


def ask_for(at: Desk, slug: str, asked: RehearsalForm, url: str) -> Job:
    """Send participants to the server at `url`.

    Raises: NotFound, Forbidden; Conflict while some are under way, or if the study takes nobody.
    """
    study = study_for(at.session, at.person, slug, "edit")
    if study.status != "live":
        raise Conflict(f"The study is {study.status}; launch it first.")
    numbers = asked.model_dump()
    order = Order(
        kind="rehearsal",
        subject=slug,
        study_id=study.id,
        arguments={"slug": slug, "url": url, **numbers, "force": study.audience == "people"},
        actor=at.person.email,
    )
    job = start(at.session, order, BUSY)
    record(at.session, "study.rehearsed", slug, after=numbers)
    return job


def own_address(request: Request) -> str:
    """The server's own socket, not what a visitor's Host header says."""
    host, port = request.scope["server"]
    return f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}"  # noqa: S104  # compared
