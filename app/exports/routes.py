"""/studies/{slug}/export: a table of a study as a file."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.exports.base import Format, Include
from app.exports.download import asked_for, made
from app.web.auth import desk

router = APIRouter(prefix="/studies/{slug}/export")


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
    return await made(request, partial(desk, request), slug, asked)
