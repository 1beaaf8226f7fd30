from typing import Annotated

from fastapi import Path

JobId = Annotated[int, Path(ge=1, le=2**31 - 1)]
