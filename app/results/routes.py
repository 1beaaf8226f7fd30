"""/studies/{slug}/export: a table of a study as a file."""

import shutil
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.access import Level, study_for
from app.audit import record
from app.results import service
from app.results.base import Format
from app.web.auth import Opener, desk
from app.web.downloads import PassingFile

router = APIRouter(prefix="/studies/{slug}/export")


@dataclass(frozen=True)
class Asked:
    """What an export may be asked for."""

    export_format: Format
    include_synthetic: bool
    with_external_ids: bool


@router.get("")
def export(
    request: Request,
    slug: str,
    export_format: Annotated[Format, Query(alias="format")] = "long",
    include_synthetic: bool = False,  # noqa: FBT001, FBT002  # a parameter of the address
    with_external_ids: bool = False,  # noqa: FBT001, FBT002  # the same
) -> Response:
    return make_file(partial(desk, request), slug, Asked(export_format, include_synthetic, with_external_ids))


def make_file(open_desk: Opener, slug: str, asked: Asked) -> Response:
    """Write the file from one snapshot, then send it: no transaction stays open while somebody downloads.

    The platform's ids are personal data: only who may edit the study gets them.
    """
    folder = Path(tempfile.mkdtemp(prefix="honeyglass-export-"))
    out = folder / f"{slug}-{asked.export_format}.{'jsonl' if asked.export_format == 'jsonl' else 'csv'}"
    level: Level = "edit" if asked.with_external_ids else "view"
    try:
        with open_desk(is_snapshot=True) as at:
            study_for(at.session, at.person, slug, level)
            manifest = service.export(
                at.session,
                slug,
                asked.export_format,
                out,
                include_synthetic=asked.include_synthetic,
                with_external_ids=asked.with_external_ids,
            )
        with open_desk(writing=True) as at:
            noted = {key: manifest[key] for key in ("format", "rows", "sha256", "modes")}
            noted["external_ids"] = asked.with_external_ids
            record(at.session, "study.exported", slug, after=noted)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return PassingFile(
        out,
        media_type="application/x-ndjson" if asked.export_format == "jsonl" else "text/csv",
        filename=out.name,
        headers={"X-Content-SHA256": manifest["sha256"]},
    )
