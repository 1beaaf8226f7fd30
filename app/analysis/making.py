"""Asking for a study's report or data package."""

import re
from typing import Literal

from app.access import study_for
from app.audit import record
from app.errors import Invalid
from app.jobs.service import Order, start
from app.models import Job
from app.web.auth import Desk

What = Literal["report", "package"]
VERSIONS = re.compile(r"(all|[1-9][0-9]{0,8})?")
BUSY = "This is being made already; the page shows when it is there."
ACTIONS: dict[What, str] = {"report": "study.analyzed", "package": "study.packaged"}


def ask_for(at: Desk, slug: str, what: What, versions: str = "") -> Job:
    """`versions`: which the report is of, a number or all. Raises: NotFound; Invalid; Conflict while it is
    being made.
    """
    study = study_for(at.session, at.person, slug)
    if not VERSIONS.fullmatch(versions):
        raise Invalid("Which versions? A version's number, or all.")
    arguments = {"slug": slug} | ({"versions": versions} if versions else {})
    order = Order(kind=what, subject=slug, study_id=study.id, arguments=arguments, actor=at.person.email)
    job = start(at.session, order, BUSY)
    record(at.session, ACTIONS[what], slug)
    return job
