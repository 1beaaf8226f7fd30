import shutil
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send


class PassingFile(FileResponse):
    """A file that is deleted, with its folder, once it was sent or the download was broken off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            shutil.rmtree(Path(self.path).parent, ignore_errors=True)
