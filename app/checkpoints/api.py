from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from anyio import to_thread
from fastapi import Request
from pydantic import BaseModel, Field

from app.checkpoints import queries, service
from app.checkpoints.forms import LONGEST_TEXT, MOST_CHOICES
from app.checkpoints.receiving import LARGEST_UPLOAD_BYTES, weights
from app.checkpoints.trying import answer_of, ask_worker
from app.models import Checkpoint
from app.queue import VERIFY, tell
from app.web.auth import Opener, api_desk
from app.web.rest import Limit, Offset, api_router
from app.web.uploads import take_in, upload_document

api = api_router("checkpoints")
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]


class CheckpointOut(BaseModel):
    name: str
    state: str
    reason: str | None
    source: str
    model_sha256: str
    tokenizer_sha256: str
    left_behind: list[str]
    created_at: datetime
    verified_at: datetime | None
    retired_at: datetime | None


class CheckpointDetail(CheckpointOut):
    manifest: dict[str, Any]
    files: dict[str, Any]
    trial: list[dict[str, Any]] | None


class Asked(BaseModel):
    """One question; without a way it is asked as the manifest says by default."""

    question: Annotated[Text, Field(min_length=1)]
    choices: Annotated[list[Text], Field(min_length=2, max_length=MOST_CHOICES)]
    premise: Text | None = None
    way: str | None = None


class TryOut(BaseModel):
    id: UUID


class Told(BaseModel):
    """`state` is waiting, answered (and then shown this once) or failed, with the error."""

    state: Literal["waiting", "answered", "failed"]
    answer: str | None = None
    explanation: str | None = None
    record: dict[str, Any] | None = None
    error: str | None = None


def described(stored: Checkpoint) -> dict[str, Any]:
    return {name: getattr(stored, name) for name in CheckpointOut.model_fields}


def detail(stored: Checkpoint) -> CheckpointDetail:
    return CheckpointDetail(
        **described(stored), manifest=stored.manifest, files=stored.files, trial=stored.trial
    )


@api.get("/checkpoints")
def list_checkpoints(request: Request, offset: Offset = 0, limit: Limit = 100) -> list[CheckpointOut]:
    """List checkpoints, by name."""
    with api_desk(request, "material:read") as at:
        found = queries.checkpoints(at.session, offset, limit)
    return [CheckpointOut(**described(one)) for one in found]


@api.get("/checkpoints/{name}")
def get_checkpoint(request: Request, name: str) -> CheckpointDetail:
    """Get a checkpoint with its manifest, files, and what it said when it was verified."""
    with api_desk(request, "material:read") as at:
        return detail(queries.checkpoint_by_name(at.session, name))


@api.post(
    "/checkpoints",
    status_code=201,
    max_body_size=LARGEST_UPLOAD_BYTES,
    openapi_extra=upload_document("name", "manifest"),
)
async def add_checkpoint(request: Request) -> CheckpointDetail:
    """Take in an archive; a worker then verifies it. An admin's token is needed."""
    opener = partial(api_desk, request, "material:write", "admin")
    stored = await take_in(request, opener, "checkpoint", weights)
    return await to_thread.run_sync(added, request, opener, str(stored["name"]))


def added(request: Request, opener: Opener, name: str) -> CheckpointDetail:
    with opener() as at:
        stored = queries.checkpoint_by_name(at.session, name)
    tell(request.app.state.queue, VERIFY, stored.id)
    return detail(stored)


@api.post("/checkpoints/{name}/verify")
def verify(request: Request, name: str) -> CheckpointDetail:
    """Have a failed checkpoint tried once more. An admin's token is needed."""
    with api_desk(request, "material:write", "admin", writing=True) as at:
        found = service.verify_again(at.session, name)
    tell(request.app.state.queue, VERIFY, found.id)
    return detail(found)


@api.post("/checkpoints/{name}/retire")
def retire(request: Request, name: str) -> CheckpointDetail:
    """Take a checkpoint out of use; studies go on. An admin's token is needed."""
    with api_desk(request, "material:write", "admin", writing=True) as at:
        return detail(service.retire(at.session, name))


@api.post("/checkpoints/{name}/tries", status_code=202)
def try_out(request: Request, name: str, asked: Asked) -> TryOut:
    """Put one question to a checkpoint, through a worker."""
    with api_desk(request, "material:write", "researcher") as at:
        found = queries.checkpoint_by_name(at.session, name)
    way = asked.way or found.manifest["ask"]["default"]
    return TryOut(id=UUID(ask_worker(request, found, way, asked.question, asked.choices, asked.premise)))


@api.get("/checkpoints/{name}/tries/{task_id}")
def told(request: Request, name: str, task_id: UUID) -> Told:
    """Get what it answered, once."""
    with api_desk(request, "material:read", "researcher") as at:
        queries.checkpoint_by_name(at.session, name)
    found = answer_of(request, str(task_id))
    if found is None:
        return Told(state="waiting")
    return Told(state="failed" if "error" in found else "answered", **found)
