from functools import partial
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from app.exports.base import Format, Include
from app.exports.download import asked_for, made
from app.web.auth import api_desk
from app.web.rest import api_router

api = api_router("exports")
KINDS = ("text/csv; charset=utf-8", "application/x-ndjson", "application/vnd.apache.parquet")
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The table; X-Content-SHA256 has its hash.",
        "content": {kind: {"schema": {"type": "string"}} for kind in KINDS},
    }
}


@api.get("/studies/{slug}/exports/{export_format}", response_class=Response, responses=FILE)
async def export(
    request: Request,
    slug: str,
    export_format: Format,
    include: Include | None = None,
    include_synthetic: bool = False,  # noqa: FBT001, FBT002  # a parameter of the address
    with_external_ids: bool = False,  # noqa: FBT001, FBT002  # the same
) -> Response:
    """Get a table of a study. The platform's ids need the right to edit it."""
    asked = asked_for(export_format, include, include_synthetic, with_external_ids)
    opener = partial(api_desk, request, "exports:read")
    return await made(request, opener, slug, asked)
