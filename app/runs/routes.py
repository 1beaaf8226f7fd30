"""/runs/{run_id}: what a student has written in a run; two runs side by side."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.errors import Invalid, NotFound
from app.paging import PAGE_SIZE, Paged, paged
from app.queue import is_worker_missing
from app.runs import inspection, progress
from app.runs import service as runs
from app.runs.bundling import make_bundle
from app.runs.forms import RunId
from app.runs.inspection import Difference, Filter
from app.runs.pages import BesidePage, RunPage, Side
from app.web.auth import Desk, desk
from app.web.shell import PageNumber, go, shell_of, show

router = APIRouter(prefix="/runs/{run_id}")
OtherRun = Annotated[int, Query(ge=1, le=2**31 - 1)]
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
        summary = inspection.summarize(at.session, run_id)
        shown = RunPage(
            shell=shell_of(request, at.person, "checkpoints"),
            run=run,
            summary=summary,
            filters=FILTERS,
            which=which,
            found=summary.count_of(which) if summary else 0,
            outputs=paged(partial(inspection.outputs, at.session, run_id, which), page),
            others=progress.comparable(at.session, run_id),
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


@router.get("/beside")
def beside(
    request: Request, run_id: RunId, other: OtherRun, which: Difference = "all", page: PageNumber = 1
) -> Response:
    with desk(request) as at:
        sides = side_of(at, run_id), side_of(at, other)
        if sides[0].run.question_set != sides[1].run.question_set:
            raise Invalid("These two runs answered different question sets; choose two on the same.")
        first = (page - 1) * PAGE_SIZE
        pairs = inspection.side_by_side(at.session, run_id, other, which, offset=first, limit=PAGE_SIZE)
        shown = BesidePage(
            shell=shell_of(request, at.person, "checkpoints"),
            sides=sides,
            differences=DIFFERENCES,
            which=which,
            found=pairs.found,
            pairs=Paged(rows=pairs.shown, number=page, has_more=pairs.found > page * PAGE_SIZE),
        )
    return show(shown)


def side_of(at: Desk, run_id: int) -> Side:
    """Raises: NotFound for a run that has written nothing yet."""
    run = progress.name_of(at.session, run_id)
    summary = inspection.summarize(at.session, run_id)
    if summary is None:
        raise NotFound(f"Run {run_id} has written nothing yet.")
    return Side(run, summary)
