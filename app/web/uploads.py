"""Files that a browser or a program sends: to disk piece by piece, read, then forgotten.

Who may not import is told before a byte of the file is read: a handler authorises first, then receives.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.types import Message

from app.contract.base import InvalidFile
from app.errors import Invalid, TooLarge
from app.settings import Settings
from app.web.auth import Opener

SUFFIXES = (".jsonl", ".jsonl.xz", ".jsonl.gz", ".zip")
LARGEST_BODY_BYTES = 512 * 1024 * 1024  # of any installation; HONEYGLASS_UPLOAD_MB says what this one takes
LONGEST_FIELD_BYTES = 4096
CHUNK_BYTES = 1024 * 1024


Result = TypeVar("Result")


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
    """`path` has a suffix of its kind and no other part of the name the client gave."""

    path: Path
    fields: Mapping[str, str]


def material(request: Request) -> Kind:
    """Question sets and bundles."""
    settings: Settings = request.app.state.settings
    return Kind(SUFFIXES, settings.upload_mb)


async def take_in(
    request: Request,
    open_desk: Opener,
    work: Callable[[Opener, Received], Result],
    kind_of: Callable[[Request], Kind] = material,
) -> Result:
    """Authorise, receive, work: what blocks runs in a thread, and a slow upload keeps none.

    Files are read one at a time in a thread of their own: the threads of requests are the participants'.

    `open_desk` opens a transaction for whoever sent the request; `work` reads the file before it opens one
    for writing. The form's fields stay in `request.state.fields`, for a page that is sent back.
    """
    request.state.fields = {}
    await to_thread.run_sync(authorise, open_desk)
    kind = await to_thread.run_sync(kind_of, request)
    async with received(request, kind) as upload:
        readers: CapacityLimiter = request.app.state.upload_readers
        return await to_thread.run_sync(work, open_desk, upload, limiter=readers)


def authorise(open_desk: Opener) -> None:
    """Raises: as the desk that is opened, for whoever may not do this."""
    with open_desk():
        pass


@asynccontextmanager
async def received(request: Request, kind: Kind) -> AsyncIterator[Received]:
    """The one file of a multipart form, under HONEYGLASS_HOME/uploads until the block is left.

    Raises: Invalid for no file or one of another kind, TooLarge. An InvalidFile that is raised inside loses
    the server's folders, which are not the sender's business.
    """
    settings: Settings = request.app.state.settings
    largest = kind.largest_bytes + kind.longest_field_bytes + CHUNK_BYTES  # of a form with such a file in it
    if int(request.headers.get("content-length") or 0) > largest:
        raise kind.too_large()
    counted = counting(request, largest, kind)
    home = settings.home / "uploads"
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
            path = folder / f"file{suffix_of(files[0].filename or '', kind.suffixes)}"
            await store(files[0], path, kind)
        yield Received(path, fields)
    except InvalidFile as refused:
        raise InvalidFile(str(refused).replace(f"{folder}/", "")) from refused
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


def suffix_of(name: str, suffixes: tuple[str, ...]) -> str:
    """The known ending of a file's name; the longest first."""
    for suffix in sorted(suffixes, key=len, reverse=True):
        if name.lower().endswith(suffix):
            return suffix
    raise Invalid(f"Please choose a file that ends in {', '.join(suffixes)}.")
