from functools import partial
from typing import Annotated, Any

from fastapi import Header, Request
from fastapi.responses import Response

from app.exports.base import Format, Include
from app.exports.download import Download, asked_for
from app.jobs.described import ACCEPTED, accepted
from app.web.auth import api_desk
from app.web.rest import api_router

api = api_router("exports")
KINDS = ("text/csv; charset=utf-8", "application/x-ndjson", "application/vnd.apache.parquet")
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The table; X-Content-SHA256 has its hash.",
        "content": {kind: {"schema": {"type": "string"}} for kind in KINDS},
    },
    **ACCEPTED,
}
WAIT_S = 50  # proxies give up after a minute


@api.get("/studies/{slug}/exports/{export_format}", response_class=Response, responses=FILE)
async def export(
    request: Request,
    slug: str,
    export_format: Format,
    include: Include | None = None,
    include_synthetic: bool = False,  # noqa: FBT001, FBT002  # a parameter of the address
    with_external_ids: bool = False,  # noqa: FBT001, FBT002  # the same
    prefer: Annotated[str, Header(description="respond-async: 202 at once for a large table")] = "",
) -> Response:
    """Get a table of a study. The platform's ids need the right to edit it.

    A large one is waited for, for less than a minute; then, or at once with "Prefer: respond-async", the
    answer is 202 with the job that makes it.
    """
    asked = asked_for(export_format, include, include_synthetic, with_external_ids)
    opener = partial(api_desk, request, "exports:read")
    wait_s = 0 if "respond-async" in prefer.lower() else WAIT_S
    return await Download(
        request=request,
        open_desk=opener,
        slug=slug,
        asked=asked,
        later=partial(accepted, slug),
        wait_s=wait_s,
    ).answer()
