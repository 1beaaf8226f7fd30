from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from app.analysis.making import VERSIONS, What, ask_for
from app.jobs.described import ACCEPTED, accepted
from app.queue import WORK, tell
from app.web.auth import api_desk
from app.web.rest import api_router

api = api_router("analysis")
Versions = Annotated[
    str,
    Query(
        description="The report's versions of the study: this one with those that are like it, or all; the "
        "newest where it is left out.",
        pattern=f"^{VERSIONS.pattern}$",
    ),
]


@api.post("/studies/{slug}/report", status_code=202, response_class=Response, responses=ACCEPTED)
def make_report(request: Request, slug: str, versions: Versions = "") -> Response:
    """Have the report of a study written; the job's file is all of it as a .zip."""
    return begin(request, slug, "report", versions)


@api.post("/studies/{slug}/package", status_code=202, response_class=Response, responses=ACCEPTED)
def make_package(request: Request, slug: str) -> Response:
    """Have the data package of a study made; the job's file is the .zip."""
    return begin(request, slug, "package")


def begin(request: Request, slug: str, what: What, versions: str = "") -> Response:
    with api_desk(request, "exports:read", writing=True) as at:
        job = ask_for(at, slug, what, versions)
    tell(request.app.state.background, WORK)
    return accepted(slug, job)
