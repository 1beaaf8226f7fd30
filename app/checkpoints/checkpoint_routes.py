"""/checkpoints/{name}: one student; what it is, what it has written, and asking it for more."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.access import Role
from app.checkpoints import intake, queries, service
from app.checkpoints.forms import GenerateForm, TryForm
from app.checkpoints.pages import CheckpointPage, Moving, MovingFragment, TryPage, measures_of
from app.checkpoints.trying import answer_of, ask_worker
from app.contract.student import StudentManifest
from app.errors import AppError, Conflict, Invalid
from app.models import Checkpoint
from app.questions.queries import question_set_names
from app.queue import GENERATE, VERIFY, is_worker_missing, tell
from app.runs import inspection, progress
from app.runs import service as runs
from app.web.auth import Desk, desk
from app.web.forms import Bound, FormData, bind
from app.web.pages import render
from app.web.shell import go, shell_of, show

router = APIRouter(prefix="/checkpoints/{name}")
FIELDS = "Please look at the fields below."


@router.get("")
def checkpoint(request: Request, name: str) -> Response:
    with desk(request) as at:
        page = page_of(request, at, queries.checkpoint_by_name(at.session, name))
    return show(page)


def page_of(
    request: Request,
    at: Desk,
    found: Checkpoint,
    bound: Bound[Any] | None = None,
    problem: str = "",
) -> CheckpointPage:
    moving = moving_of(request, at, found)
    newest = next((run for run in moving.runs if run.state == "complete"), None)
    manifest = StudentManifest.model_validate(found.manifest)
    return CheckpointPage(
        shell=shell_of(request, at.person, "checkpoints"),
        moving=moving,
        manifest=manifest,
        manifest_text=manifest.model_dump_json(indent=2, exclude_none=True),
        measures=measures_of(manifest.evaluation),
        question_sets=question_set_names(at.session),
        newest=newest,
        summary=inspection.summarize(at.session, newest.run_id) if newest else None,
        data=bound.data if bound else {},
        errors=bound.errors if bound else {},
        problem=problem,
    )


def moving_of(request: Request, at: Desk, found: Checkpoint) -> Moving:
    runs_of_it = progress.runs_of(at.session, found.id)
    return Moving(found, runs_of_it, is_worker_missing(request.app.state.queue))


@router.get("/progress")
def moving(request: Request, name: str) -> Response:
    """State and runs alone, for a page that is looked at."""
    with desk(request) as at:
        fragment = MovingFragment(moving=moving_of(request, at, queries.checkpoint_by_name(at.session, name)))
    return render(fragment)


@router.post("/verify")
def verify(request: Request, name: str) -> Response:
    def change(at: Desk) -> str:
        service.verify_again(at.session, name)
        return "A worker tries it once more."

    return act(request, name, change, "admin", VERIFY)


@router.post("/retire")
def retire(request: Request, name: str) -> Response:
    def change(at: Desk) -> str:
        service.retire(at.session, name)
        return "It is retired: no new runs and no new studies. What it has written stays."

    return act(request, name, change, "admin")


@router.post("/purge")
def purge(request: Request, name: str) -> Response:
    folders: list[str] = []

    def change(at: Desk) -> str:
        folders.append(service.purge(at.session, name))
        return "Its files are deleted; what it was and has written stays."

    done = act(request, name, change, "admin")
    for folder in folders:
        intake.discard(request.app.state.settings, folder)
    return done


def act(
    request: Request, name: str, change: Callable[[Desk], str], role: Role, task: str | None = None
) -> Response:
    """Change a checkpoint and go back to its page, which says what was done, or why it was not."""
    try:
        with desk(request, role, writing=True) as at:
            notice = change(at)
            checkpoint_id = queries.checkpoint_by_name(at.session, name).id
    except (Conflict, Invalid) as refused:
        return refused_on_page(request, name, refused, role)
    if task:
        tell(request.app.state.queue, task, checkpoint_id)
    return go(request, f"/checkpoints/{name}", notice)


def refused_on_page(
    request: Request, name: str, refused: AppError, role: Role, bound: Bound[Any] | None = None
) -> Response:
    with desk(request, role) as at:
        found = queries.checkpoint_by_name(at.session, name)
        page = page_of(request, at, found, bound, refused.message)
    return show(page, refused.status)


@router.post("/runs")
def generate(request: Request, name: str, data: FormData) -> Response:
    """Have a question set answered and explained."""
    bound = bind(GenerateForm, data)
    form = bound.value
    if form is None:
        return refused_on_page(request, name, Invalid(FIELDS), "researcher", bound)
    plan = runs.Plan(
        checkpoint=name,
        question_set=form.question_set,
        limit=form.limit,
        question_keys=(),
        precision=form.precision,
        way=form.way,
    )
    try:
        with desk(request, "researcher", writing=True) as at:
            run = runs.create_run(at.session, plan)
    except (Conflict, Invalid) as refused:
        return refused_on_page(request, name, refused, "researcher", bound)
    tell(request.app.state.queue, GENERATE, run.id, times=run.total)
    return go(request, f"/checkpoints/{name}", f"Run {run.id} is planned; workers write it batch by batch.")


@router.post("/tries")
def try_out(request: Request, name: str, data: FormData) -> Response:
    """Put one question to it, through a worker."""
    bound = bind(TryForm, data)
    with desk(request, "researcher") as at:
        found = queries.checkpoint_by_name(at.session, name)
    if bound.value is None:
        return refused_on_page(request, name, Invalid(FIELDS), "researcher", bound)
    try:
        form = bound.value
        task_id = ask_worker(request, found, form.way, form.question, form.choices, form.premise)
    except (Conflict, Invalid) as refused:
        return refused_on_page(request, name, refused, "researcher", bound)
    return go(request, f"/checkpoints/{name}/tries/{task_id}")


@router.get("/tries/{task_id}")
def told(
    request: Request, name: str, task_id: UUID, looks: Annotated[int, Query(ge=0, le=100_000)] = 0
) -> Response:
    """What it answered, once: the page is kept by whoever looks at it and nowhere else."""
    with desk(request, "researcher") as at:
        queries.checkpoint_by_name(at.session, name)
        shell = shell_of(request, at.person, "checkpoints")
    page = TryPage(
        shell=shell,
        name=name,
        task_id=str(task_id),
        looks=looks,
        told=answer_of(request, str(task_id)),
        is_worker_missing=is_worker_missing(request.app.state.queue),
    )
    return show(page)
