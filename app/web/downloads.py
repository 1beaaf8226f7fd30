"""Files that are made to be sent, and do not stay."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send


@contextmanager
def passing_folder() -> Iterator[Path]:
    """A folder of its own for a `PassingFile`; it is deleted at once if no file comes of it."""
    folder = Path(tempfile.mkdtemp(prefix="honeyglass-"))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder)
        raise


class PassingFile(FileResponse):
    """A file that is deleted, with its folder, once it was sent or the download was broken off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            shutil.rmtree(Path(self.path).parent, ignore_errors=True)
