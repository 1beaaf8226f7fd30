"""/studies/{slug}/export: a table of a study as a file."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.exports.base import Format, Include
from app.exports.download import Download, asked_for
from app.jobs.forms import JobId
from app.jobs.sending import send
from app.models import Job
from app.web.auth import desk
from app.web.shell import go

router = APIRouter(prefix="/studies/{slug}/export")
WAIT_S = 20


@router.get("")
async def export(
    request: Request,
    slug: str,
    export_format: Annotated[Format, Query(alias="format")] = "long",
    include: Include | Literal[""] | None = None,
    include_synthetic: bool = False,  # noqa: FBT001, FBT002  # a parameter of the address
    with_external_ids: bool = False,  # noqa: FBT001, FBT002  # the same
) -> Response:
    asked = asked_for(export_format, include, include_synthetic, with_external_ids)

    def later(_job: Job) -> Response:
        notice = "The table is being made; this page shows when it is there."
        return go(request, f"/studies/{slug}/results#tables", notice)

    return await Download(
        request=request, open_desk=partial(desk, request), slug=slug, asked=asked, later=later, wait_s=WAIT_S
    ).answer()


@router.get("/{job_id}")
def exported(request: Request, slug: str, job_id: JobId) -> Response:
    """A table that the background has made."""
    return send(request, partial(desk, request), slug, job_id)
