"""A table of a study as a file that is sent."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.access import Level, study_for
from app.audit import record
from app.errors import Conflict
from app.exports import queries, service
from app.exports.base import Format, Include
from app.settings import Settings
from app.web.auth import Opener
from app.web.downloads import PassingFile
from app.web.jobs import call

MOST_AT_ONCE = 1_000  # responses that a web process writes itself, in a tenth of a second
CSV = ("csv", "text/csv")
KINDS: dict[Format, tuple[str, str]] = {
    "jsonl": ("jsonl", "application/x-ndjson"),
    "parquet": ("parquet", "application/vnd.apache.parquet"),
}


@dataclass(frozen=True)
class Asked:
    """What an export may be asked for."""

    export_format: Format
    include_synthetic: bool
    include_uncounted: bool
    with_external_ids: bool


def asked_for(
    export_format: Format,
    include: Include | Literal[""] | None,
    include_synthetic: bool,  # noqa: FBT001  # as the address has it
    with_external_ids: bool,  # noqa: FBT001  # the same
) -> Asked:
    return Asked(
        export_format,
        include_synthetic=include_synthetic or include == "synthetic",
        include_uncounted=include == "uncounted",
        with_external_ids=with_external_ids,
    )


async def made(request: Request, open_desk: Opener, slug: str, asked: Asked) -> Response:
    """The file, from a thread of the exports' own: those of requests are the participants'."""
    settings: Settings = request.app.state.settings
    threads: CapacityLimiter = request.app.state.exports
    return await to_thread.run_sync(make_file, settings, open_desk, slug, asked, limiter=threads)


def make_file(settings: Settings, open_desk: Opener, slug: str, asked: Asked) -> Response:
    """Write the file from one snapshot, then send it: no transaction stays open while somebody downloads.

    The platform's ids are personal data: only who may edit the study gets them.
    """
    folder = Path(tempfile.mkdtemp(prefix="honeyglass-export-"))
    ending, media_type = KINDS.get(asked.export_format, CSV)
    out = folder / f"{slug}-{asked.export_format}.{ending}"
    level: Level = "edit" if asked.with_external_ids else "view"
    try:
        with open_desk(is_snapshot=True) as at:
            study = study_for(at.session, at.person, slug, level)
            is_small = queries.has_at_most(at.session, study.id, MOST_AT_ONCE)
            if is_small and asked.export_format != "parquet":
                manifest = written(at.session, slug, asked, out)
        if not is_small or asked.export_format == "parquet":
            manifest = written_apart(settings, slug, asked, out)
        with open_desk(writing=True) as at:
            noted = {key: manifest[key] for key in ("format", "rows", "sha256", "modes")}
            noted["external_ids"] = asked.with_external_ids
            record(at.session, "study.exported", slug, after=noted)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return PassingFile(
        out,
        media_type=media_type,
        filename=out.name,
        headers={"X-Content-SHA256": manifest["sha256"]},
    )


def written(session: Session, slug: str, asked: Asked, out: Path) -> dict[str, Any]:
    return service.export(
        session,
        slug,
        asked.export_format,
        out,
        include_synthetic=asked.include_synthetic,
        include_uncounted=asked.include_uncounted,
        with_external_ids=asked.with_external_ids,
    )


def written_apart(settings: Settings, slug: str, asked: Asked, out: Path) -> dict[str, Any]:
    """Have a process of its own write the file: a large one would keep Python's lock from participants'
    pages, and PyArrow would take memory of this process for ever.

    Raises: Conflict with what it says if it cannot.
    """
    options = ["--include-synthetic"] * asked.include_synthetic
    options += ["--include", "uncounted"] * asked.include_uncounted
    options += ["--with-external-ids"] * asked.with_external_ids
    where = ["--format", asked.export_format, "--out", str(out), "--json"]
    told = call(settings, ["export", *where, *options, "--", slug])
    if not told.get("ok"):
        raise Conflict(str(told.get("error", "The export could not be made.")))
    return told
