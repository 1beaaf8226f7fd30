"""/runs/{run_id}: what a student has written in a run; two runs side by side."""

import pathlib
import shutil
import tempfile
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from app.audit import record
from app.errors import Invalid, NotFound
from app.explanations import inspection, progress, runs
from app.explanations.export import export_run
from app.explanations.inspection import Difference, Filter
from app.explanations.pages import BesidePage, RunPage, Side
from app.explanations.queries import PAGE_SIZE
from app.queue import is_worker_missing
from app.web.auth import Desk, Opener, desk
from app.web.downloads import PassingFile
from app.web.shell import go, shell_of, show

router = APIRouter(prefix="/runs/{run_id}")
RunId = Annotated[int, Path(ge=1, le=2**31 - 1)]
OtherRun = Annotated[int, Query(ge=1, le=2**31 - 1)]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
FILTERS: tuple[tuple[Filter, str], ...] = (
    ("all", "All"),
    ("right", "Right"),
    ("wrong", "Wrong"),
    ("empty", "Empty"),
    ("repetitive", "Repetitive"),
    ("truncated", "Truncated"),
    ("contradicting", "Contradicting the answer"),
    ("missing_marker", "Not readable"),
)
DIFFERENCES: tuple[tuple[Difference, str], ...] = (
    ("all", "All questions"),
    ("answers", "Different answers"),
    ("correctness", "One right, one wrong"),
)


@router.get("")
def run_page(request: Request, run_id: RunId, which: Filter = "all", page: PageNumber = 1) -> Response:
    with desk(request) as at:
        run = progress.progress(at.session, run_id)
        found = inspection.outputs(at.session, run_id, which)
        shown = RunPage(
            shell_of(request, at.person, "checkpoints"),
            run=run,
            summary=inspection.summarize(at.session, run_id),
            filters=FILTERS,
            which=which,
            found=len(found),
            outputs=found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
            others=progress.comparable(at.session, run_id),
            page=page,
            has_more=len(found) > page * PAGE_SIZE,
            is_worker_missing=is_worker_missing(request.app.state.queue),
        )
    return show(shown)


@router.post("/cancel")
def cancel(request: Request, run_id: RunId) -> Response:
    with desk(request, "researcher", writing=True) as at:
        runs.cancel_run(at.session, run_id)
        name = progress.progress(at.session, run_id).checkpoint
    return go(request, f"/checkpoints/{name}", f"Run {run_id} is cancelled. What it has written stays.")


@router.get("/bundle")
def bundle(request: Request, run_id: RunId) -> Response:
    return make_bundle(partial(desk, request), run_id)


def make_bundle(open_desk: Opener, run_id: int) -> Response:
    """A complete run as a bundle's .zip, made before it is sent: no transaction waits for a download."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="honeyglass-bundle-"))
    try:
        with open_desk(is_snapshot=True) as at:
            name = f"{progress.progress(at.session, run_id).checkpoint}-run-{run_id}"
            rows = export_run(at.session, run_id, folder / name)
        with open_desk(writing=True) as at:
            record(at.session, "run.exported", name, after={"rows": rows})
        path = pathlib.Path(shutil.make_archive(str(folder / name), "zip", folder / name))
    except BaseException:
        shutil.rmtree(folder)
        raise
    return PassingFile(path, media_type="application/zip", filename=path.name)


@router.get("/beside")
def beside(
    request: Request, run_id: RunId, other: OtherRun, which: Difference = "all", page: PageNumber = 1
) -> Response:
    with desk(request) as at:
        sides = side_of(at, run_id), side_of(at, other)
        if sides[0].run.question_set != sides[1].run.question_set:
            raise Invalid("These two runs answered different question sets; choose two on the same.")
        pairs = inspection.side_by_side(at.session, run_id, other, which)
        shown = BesidePage(
            shell_of(request, at.person, "checkpoints"),
            sides=sides,
            differences=DIFFERENCES,
            which=which,
            found=len(pairs),
            pairs=pairs[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
            page=page,
            has_more=len(pairs) > page * PAGE_SIZE,
        )
    return show(shown)


def side_of(at: Desk, run_id: int) -> Side:
    """Raises: NotFound for a run that has written nothing yet."""
    summary = inspection.summarize(at.session, run_id)
    run = progress.progress(at.session, run_id)
    if summary is None:
        raise NotFound(f"Run {run_id} has written nothing yet.")
    return Side(run, summary)
