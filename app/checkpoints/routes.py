"""/checkpoints: the students there are, and taking in another."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.checkpoints import queries
from app.checkpoints.archive import is_archive
from app.checkpoints.forms import FolderForm
from app.checkpoints.pages import CheckpointRow, CheckpointsPage
from app.checkpoints.receiving import LARGEST_UPLOAD_BYTES, weights
from app.contract.student import StudentManifest
from app.queue import VERIFY, is_worker_missing, tell
from app.settings import Settings
from app.web.auth import Desk, desk
from app.web.forms import FormData, bind
from app.web.shell import go, shell_of, show
from app.web.uploads import REFUSALS, Received, apart, authorise, settings_of, take_in

router = APIRouter(prefix="/checkpoints")
MOST_FOLDERS = 200


@router.get("")
def checkpoints(request: Request) -> Response:
    with desk(request) as at:
        page = page_of(request, at)
    return show(page)


def page_of(
    request: Request, at: Desk, data: Mapping[str, str] | None = None, problem: str = ""
) -> CheckpointsPage:
    settings = settings_of(request)
    return CheckpointsPage(
        shell=shell_of(request, at.person, "checkpoints"),
        checkpoints=[
            CheckpointRow(one, StudentManifest.model_validate(one.manifest))
            for one in queries.checkpoints(at.session)
        ],
        folders=folders_of(settings),
        largest_mb=settings.largest_checkpoint_mb,
        is_worker_missing=is_worker_missing(request.app.state.queue),
        data=data or {},
        problem=problem,
    )


def folders_of(settings: Settings) -> list[str] | None:
    """What lies directly below the configured root and may be a student."""
    root = settings.checkpoint_root
    if root is None or not root.is_dir():
        return None
    found = sorted(path.name for path in root.iterdir() if path.is_dir() or is_archive(path))
    return found[:MOST_FOLDERS]


@router.post("", max_body_size=LARGEST_UPLOAD_BYTES)
async def add(request: Request) -> Response:
    """Take in an archive that comes with the form."""
    try:
        stored = await take_in(request, partial(desk, request, "admin"), "checkpoint", weights)
    except REFUSALS as refused:
        return await to_thread.run_sync(sent_back, request, request.state.fields, str(refused))
    return await to_thread.run_sync(added, request, str(stored["name"]))


@router.post("/from-folder")
async def add_from_folder(request: Request, data: FormData) -> Response:
    """Take in what lies below the configured root."""
    actor = await to_thread.run_sync(authorise, partial(desk, request, "admin"))
    form = bind(FolderForm, data).value
    if form is None:
        problem = "Please say which folder, and what to call it."
        return await to_thread.run_sync(sent_back, request, data, problem)
    fields = {"name": form.name.strip(), "path": form.path.strip(), "manifest": form.manifest}
    largest = settings_of(request).largest_checkpoint_mb * 2**20
    try:
        folder = Received(Path(fields["path"]), fields)
        stored = await apart(request, "checkpoint folder", folder, actor, largest)
    except REFUSALS as refused:
        return await to_thread.run_sync(sent_back, request, data, str(refused))
    return await to_thread.run_sync(added, request, str(stored["name"]))


def added(request: Request, name: str) -> Response:
    with desk(request, "admin") as at:
        stored = queries.checkpoint_by_name(at.session, name)
    tell(request.app.state.queue, VERIFY, stored.id)
    left = f" Left behind, unopened: {', '.join(stored.left_behind)}." if stored.left_behind else ""
    return go(request, f"/checkpoints/{stored.name}", f"Taken in: {len(stored.files)} files.{left}")


def sent_back(request: Request, data: Mapping[str, str], problem: str) -> Response:
    with desk(request, "admin") as at:
        page = page_of(request, at, data, f"Nothing was added. {problem}")
    return show(page, 422)
