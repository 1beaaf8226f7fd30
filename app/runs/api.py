from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from app.queue import GENERATE, tell
from app.runs import inspection, progress
from app.runs import service as runs
from app.runs.bundling import make_bundle
from app.runs.forms import RunId
from app.runs.inspection import Filter, Output, Summary
from app.runs.progress import Progress
from app.web.auth import api_desk
from app.web.rest import Limit, Offset, api_router

api = api_router("runs")
BUNDLE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bundle.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class PlanIn(BaseModel):
    """What to have written; without question_ids all questions, or the first `limit`."""

    question_set: Annotated[str, Field(min_length=1, max_length=100)]
    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    question_ids: Annotated[list[str], Field(max_length=100_000)] = []
    precision: Literal["fp32", "bf16"] | None = None
    way: str | None = None


class RunDetail(BaseModel):
    """`summary` is over what is written so far; its `ci95` is Wilson's interval."""

    run: Progress
    summary: Summary | None


@api.post("/checkpoints/{name}/runs", status_code=201)
def create_run(request: Request, name: str, plan: PlanIn) -> Progress:
    """Have a checkpoint answer and explain a question set."""
    planned = runs.Plan(
        checkpoint=name,
        question_set=plan.question_set,
        limit=plan.limit,
        question_keys=tuple(plan.question_ids),
        precision=plan.precision,
        way=plan.way,
    )
    with api_desk(request, "material:write", "researcher", writing=True) as at:
        run = runs.create_run(at.session, planned)
        found = progress.progress(at.session, run.id)
    tell(request.app.state.queue, GENERATE, found.run_id, times=found.total)
    return found


@api.get("/runs/{run_id}")
def get_run(request: Request, run_id: RunId) -> RunDetail:
    """Get how far a run is, and what its outputs are like."""
    with api_desk(request, "material:read") as at:
        return RunDetail(
            run=progress.progress(at.session, run_id), summary=inspection.summarize(at.session, run_id)
        )


@api.get("/runs/{run_id}/outputs")
def list_outputs(
    request: Request, run_id: RunId, which: Filter = "all", offset: Offset = 0, limit: Limit = 100
) -> list[Output]:
    """List what a run has written, of one kind, in the questions' order."""
    with api_desk(request, "material:read") as at:
        progress.progress(at.session, run_id)
        return inspection.outputs(at.session, run_id, which, offset=offset, limit=limit)


@api.get("/runs/{run_id}/bundle", response_class=Response, responses=BUNDLE)
def get_bundle(request: Request, run_id: RunId) -> Response:
    """Get a complete run as an explanation bundle."""
    return make_bundle(partial(api_desk, request, "material:read"), run_id)


@api.post("/runs/{run_id}/cancel")
def cancel_run(request: Request, run_id: RunId) -> Progress:
    """Stop a run; what it has written stays."""
    with api_desk(request, "material:write", "researcher", writing=True) as at:
        runs.cancel_run(at.session, run_id)
        return progress.progress(at.session, run_id)
