"""A complete run as a bundle's file."""

import pathlib
import shutil

from fastapi.responses import Response

from app.audit import record
from app.runs import progress
from app.runs.export import export_run
from app.web.auth import Opener
from app.web.downloads import PassingFile, passing_folder


def make_bundle(open_desk: Opener, run_id: int) -> Response:
    """A complete run as a bundle's .zip, made before it is sent: no transaction waits for a download."""
    with passing_folder() as folder:
        with open_desk(is_snapshot=True) as at:
            name = f"{progress.progress(at.session, run_id).checkpoint}-run-{run_id}"
            rows = export_run(at.session, run_id, folder / name)
        with open_desk(writing=True) as at:
            record(at.session, "run.exported", name, after={"rows": rows})
        path = pathlib.Path(shutil.make_archive(str(folder / name), "zip", folder / name))
    return PassingFile(path, media_type="application/zip", filename=path.name)
