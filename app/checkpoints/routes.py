"""/checkpoints: the students there are, and taking in another."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.checkpoints import intake, queries, service
from app.checkpoints.archive import is_archive
from app.checkpoints.forms import FolderForm
from app.checkpoints.intake import TakenIn
from app.checkpoints.pages import CheckpointRow, CheckpointsPage
from app.contract.base import InvalidFile
from app.contract.student import LARGEST_MANIFEST_BYTES, StudentManifest, parse_student
from app.errors import Conflict, Invalid, NotFound
from app.models import Checkpoint
from app.queue import VERIFY, is_worker_missing, tell
from app.settings import Settings
from app.web.auth import Desk, Opener, desk
from app.web.forms import FormData, bind
from app.web.shell import go, shell_of, show
from app.web.uploads import Kind, Received, authorise, take_in

router = APIRouter(prefix="/checkpoints")
ARCHIVES = (".zip", ".tar.gz", ".tgz")
LARGEST_UPLOAD_BYTES = 65 * 2**30  # of any installation; the settings say what this one takes
MOST_FOLDERS = 200
REFUSALS = (Invalid, Conflict, NotFound, InvalidFile)


def weights(request: Request) -> Kind:
    """Archives, as large as there is room for. Raises: Invalid if there is none."""
    settings: Settings = request.app.state.settings
    largest_mb = max(1, intake.room(settings).bytes // 2**20)
    instead = "Put it on the server and add it there: honeyglass checkpoint add PATH."
    return Kind(ARCHIVES, largest_mb, LARGEST_MANIFEST_BYTES, instead)


@router.get("")
def checkpoints(request: Request) -> Response:
    with desk(request) as at:
        page = page_of(request, at)
    return show(page)


def page_of(
    request: Request, at: Desk, data: Mapping[str, str] | None = None, problem: str = ""
) -> CheckpointsPage:
    settings: Settings = request.app.state.settings
    return CheckpointsPage(
        shell_of(request, at.person, "checkpoints"),
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
        stored = await take_in(request, partial(desk, request, "admin"), partial(store, request), weights)
    except REFUSALS as refused:
        return await to_thread.run_sync(sent_back, request, request.state.fields, str(refused))
    return await to_thread.run_sync(added, request, stored)


@router.post("/from-folder")
async def add_from_folder(request: Request, data: FormData) -> Response:
    """Take in what lies below the configured root.

    Copying gigabytes has the uploads' thread: those of requests are the participants'.
    """
    open_desk = partial(desk, request, "admin")
    await to_thread.run_sync(authorise, open_desk)
    form = bind(FolderForm, data).value
    if form is None:
        problem = "Please say which folder, and what to call it."
        return await to_thread.run_sync(sent_back, request, data, problem)
    readers: CapacityLimiter = request.app.state.upload_readers
    try:
        stored = await to_thread.run_sync(store_folder, request, open_desk, form, limiter=readers)
    except REFUSALS as refused:
        return await to_thread.run_sync(sent_back, request, data, str(refused))
    return await to_thread.run_sync(added, request, stored)


def store_folder(request: Request, open_desk: Opener, form: FolderForm) -> Checkpoint:
    settings: Settings = request.app.state.settings
    return register(
        settings,
        open_desk,
        form.name.strip(),
        lambda: intake.take_in_below_root(settings, form.path.strip(), given(form.manifest)),
    )


def store(request: Request, open_desk: Opener, upload: Received) -> Checkpoint:
    """Unpack and check an archive that was sent, then register it."""
    settings: Settings = request.app.state.settings

    def taken_in() -> TakenIn:
        taken = intake.take_in(settings, str(upload.path), given(upload.fields.get("manifest", "")))
        return replace(taken, source="an upload")

    return register(settings, open_desk, upload.fields.get("name", ""), taken_in)


def register(settings: Settings, open_desk: Opener, name: str, taken_in: Callable[[], TakenIn]) -> Checkpoint:
    """Copying and hashing take long, so no transaction waits for them."""
    with open_desk() as at:
        service.refuse_name(at.session, name)
    taken = taken_in()
    with intake.kept_if_registered(settings, taken), open_desk(writing=True) as at:
        return service.register(at.session, taken, name)


def given(text: str) -> StudentManifest | None:
    """The manifest that was typed, for a student that has none beside it."""
    return parse_student(text.encode("utf-8", "replace"), "Manifest") if text.strip() else None


def added(request: Request, stored: Checkpoint) -> Response:
    tell(request.app.state.queue, VERIFY, stored.id)
    left = f" Left behind, unopened: {', '.join(stored.left_behind)}." if stored.left_behind else ""
    return go(request, f"/checkpoints/{stored.name}", f"Taken in: {len(stored.files)} files.{left}")


def sent_back(request: Request, data: Mapping[str, str], problem: str) -> Response:
    with desk(request, "admin") as at:
        page = page_of(request, at, data, f"Nothing was added. {problem}")
    return show(page, 422)
