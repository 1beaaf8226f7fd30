"""Files that a browser or a program sends: to disk piece by piece, brought in apart, then forgotten.

Who may not import is told before a byte of the file is read: a handler authorises first, then receives.
"""

import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from pydantic import JsonValue
from starlette.datastructures import UploadFile
from starlette.types import Message

from app.audit import Actor
from app.errors import Conflict, Invalid, NotFound, TooLarge
from app.settings import Settings
from app.web.apart import Work, bring_in, limit_s
from app.web.auth import Opener

LINES = (".jsonl", ".jsonl.xz", ".jsonl.gz")
LARGEST_BODY_BYTES = 512 * 1024 * 1024  # of any installation; HONEYGLASS_UPLOAD_MB says what this one takes
LONGEST_FIELD_BYTES = 4096
CHUNK_BYTES = 1024 * 1024
LONGEST_NAME = 80
# What a page shows above its form; whatever else goes wrong is a page of its own.
REFUSALS = (Invalid, Conflict, NotFound)
What = Literal["questions", "bundle", "checkpoint", "checkpoint folder"]


class Kind(NamedTuple):
    """What is taken: files that end so, of at most this size; `instead` says what to do with a larger one."""

    suffixes: tuple[str, ...]
    largest_mb: int
    longest_field_bytes: int = LONGEST_FIELD_BYTES
    instead: str = "Compress it (.jsonl.xz), or import it on the command line."

    @property
    def largest_bytes(self) -> int:
        return self.largest_mb * 1024 * 1024

    def too_large(self) -> TooLarge:
        limit = f"the {self.largest_mb:,} MB this server takes"
        return TooLarge(f"The file is larger than {limit}. {self.instead}")


class Received(NamedTuple):
    """`path` is named after what was sent, in letters that are safe in a name."""

    path: Path
    fields: Mapping[str, str]


def question_file(request: Request) -> Kind:
    return Kind(LINES, settings_of(request).upload_mb)


def bundle_file(request: Request) -> Kind:
    return Kind((*LINES, ".zip"), settings_of(request).upload_mb)


def settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def take_in(
    request: Request, open_desk: Opener, what: What, kind_of: Callable[[Request], Kind]
) -> dict[str, JsonValue]:
    """Authorise, receive, have it brought in: a slow upload keeps no thread, and its reading no page.

    What was stored comes back. The form's fields stay in `request.state.fields`, for a page that is shown
    once more.
    Raises: whatever the desk refuses, Invalid, Conflict, NotFound, TooLarge, Unavailable.
    """
    request.state.fields = {}
    actor = await to_thread.run_sync(authorise, open_desk)
    kind = await to_thread.run_sync(kind_of, request)
    async with received(request, kind) as upload:
        return await apart(request, what, upload, actor, upload.path.stat().st_size)


async def apart(
    request: Request, what: What, file: Received, actor: Actor, size_bytes: int
) -> dict[str, JsonValue]:
    """Have one file brought in, after those that came before it."""
    settings = settings_of(request)
    work = Work(
        kind=what,
        path=file.path,
        fields=file.fields,
        actor=actor,
        settings=settings,
        limit_s=limit_s(size_bytes),
        most_bytes=settings.import_memory_mb * 2**20,
    )
    readers: CapacityLimiter = request.app.state.upload_readers
    return await to_thread.run_sync(bring_in, work, limiter=readers)


def authorise(open_desk: Opener) -> Actor:
    """Who asks, as the audit log names them. Raises: as the desk that is opened, for whoever may not."""
    with open_desk() as at:
        actor: Actor = at.session.info["actor"]
    return actor


@asynccontextmanager
async def received(request: Request, kind: Kind) -> AsyncIterator[Received]:
    """The one file of a multipart form, under HONEYGLASS_HOME/uploads until the block is left.

    Raises: Invalid for no file or one of another kind, TooLarge.
    """
    largest = kind.largest_bytes + kind.longest_field_bytes + CHUNK_BYTES  # of a form with such a file in it
    if int(request.headers.get("content-length") or 0) > largest:
        raise kind.too_large()
    counted = counting(request, largest, kind)
    home = settings_of(request).home.resolve() / "uploads"
    home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=home))
    try:
        async with counted.form(max_files=1, max_fields=20, max_part_size=kind.longest_field_bytes) as form:
            fields = {
                key: value.replace("\0", "").strip() for key, value in form.items() if isinstance(value, str)
            }
            request.state.fields = fields
            files = [value for value in form.values() if isinstance(value, UploadFile) and value.filename]
            if len(files) != 1:
                raise Invalid("Please choose a file.")
            path = folder / safe_name(files[0].filename or "", kind.suffixes)
            await store(files[0], path, kind)
        yield Received(path, fields)
    finally:
        await to_thread.run_sync(shutil.rmtree, folder, True)  # ignore_errors


def counting(request: Request, limit: int, kind: Kind) -> Request:
    """The same request, refused in its midst once more has come than it may bring."""
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise kind.too_large()
        return message

    return Request(request.scope, receive)


async def store(file: UploadFile, path: Path, kind: Kind) -> None:
    size = 0
    with path.open("wb") as stream:
        while chunk := await file.read(CHUNK_BYTES):
            size += len(chunk)
            if size > kind.largest_bytes:
                raise kind.too_large()
            await to_thread.run_sync(stream.write, chunk)


def upload_document(*fields: str) -> dict[str, Any]:
    """How OpenAPI describes a form with one file and these fields."""
    properties: dict[str, Any] = {"file": {"type": "string", "format": "binary"}}
    properties |= {field: {"type": "string"} for field in fields}
    schema = {"type": "object", "properties": properties, "required": ["file", "name"]}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def safe_name(name: str, suffixes: tuple[str, ...]) -> str:
    """What the sender called it, without folders and without what is no letter, digit, '-', '_' or '.'."""
    suffix = suffix_of(name, suffixes)
    last = re.split(r"[\\/]", name)[-1][: -len(suffix)]
    return (re.sub(r"[^\w.-]+", "_", last).strip("._")[:LONGEST_NAME] or "file") + suffix


def suffix_of(name: str, suffixes: tuple[str, ...]) -> str:
    """The known ending of a file's name; the longest first."""
    for suffix in sorted(suffixes, key=len, reverse=True):
        if name.lower().endswith(suffix):
            return suffix
    raise Invalid(f"Please choose a file that ends in {', '.join(suffixes)}.")
