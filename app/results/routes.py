"""/studies/{slug}/export: a table of a study as a file."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from app.access import Level, study_for
from app.audit import record
from app.results import service
from app.results.base import Format
from app.web.auth import desk

router = APIRouter(prefix="/studies/{slug}/export")


class PassingFile(FileResponse):
    """A file that is deleted, with its folder, once it was sent or the download was broken off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            shutil.rmtree(Path(self.path).parent, ignore_errors=True)


@router.get("")
def export(
    request: Request,
    slug: str,
    export_format: Annotated[Format, Query(alias="format")] = "long",
    include_synthetic: bool = False,  # noqa: FBT001, FBT002  # a parameter of the address
    with_external_ids: bool = False,  # noqa: FBT001, FBT002  # the same
) -> Response:
    """Write the file from one snapshot, then send it: no transaction stays open while somebody downloads.

    The platform's ids are personal data: only who may edit the study gets them.
    """
    folder = Path(tempfile.mkdtemp(prefix="honeyglass-export-"))
    out = folder / f"{slug}-{export_format}.{'jsonl' if export_format == 'jsonl' else 'csv'}"
    level: Level = "edit" if with_external_ids else "view"
    try:
        with desk(request, is_snapshot=True) as at:
            study_for(at.session, at.person, slug, level)
            manifest = service.export(
                at.session,
                slug,
                export_format,
                out,
                include_synthetic=include_synthetic,
                with_external_ids=with_external_ids,
            )
        with desk(request, writing=True) as at:
            noted = {key: manifest[key] for key in ("format", "rows", "sha256", "modes")}
            record(at.session, "study.exported", slug, after=noted | {"external_ids": with_external_ids})
    except BaseException:
        shutil.rmtree(folder)
        raise
    return PassingFile(
        out,
        filename=out.name,
        headers={"X-Content-SHA256": manifest["sha256"]},
    )
