"""Strangers' files are opened apart: by a process started for one file, with limits, that gives way to pages.

A file of half a megabyte can be made to take minutes and gigabytes. In a web process every page would wait
for it; here the one process is ended, and whoever sent the file is told so.
"""

import logging
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from app.audit import Actor
from app.errors import AppError, Conflict, Invalid, NotFound, TooLarge, Unavailable
from app.settings import Settings
from app.web.processes import Said, run

log = logging.getLogger("honeyglass")
COMMAND = [sys.executable, "-m", "app.importing"]
LEAST_S = 60
BYTES_A_SECOND = 5 * 2**20  # unpacked, copied and hashed on a slow disk
KINDS: tuple[type[AppError], ...] = (Invalid, Conflict, NotFound, TooLarge, Unavailable)
TOO_LONG = "took more than {limit_s} seconds to read, so it was stopped; import it on the command line."
ENDED = (
    "could not be read within the time and the memory that this server gives to one file; import it on the "
    "command line."
)


class Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Work(Line):
    """One file to bring in, and in whose name: they were asked for their right before the file was taken."""

    kind: Literal["questions", "bundle", "checkpoint", "checkpoint folder"]
    path: Path
    fields: Mapping[str, str]
    actor: Actor
    settings: Settings
    limit_s: int
    most_bytes: int  # of address space


class Outcome(Line):
    """Either what was stored, or why nothing was."""

    stored: dict[str, JsonValue] = Field(default_factory=dict)
    refused: str = ""
    status: int = 201


def bring_in(work: Work) -> dict[str, JsonValue]:
    """Have it done and wait for it. Raises: Invalid, Conflict, NotFound, TooLarge or Unavailable."""
    try:
        said = run(COMMAND, work.model_dump_json().encode() + b"\n", work.limit_s)
    except subprocess.TimeoutExpired as error:
        raise Invalid(f"{work.path.name}: {TOO_LONG.format(limit_s=work.limit_s)}") from error
    return stored(work, said)


def stored(work: Work, said: Said) -> dict[str, JsonValue]:
    try:
        outcome = Outcome.model_validate_json(said.answer)
    except ValidationError as error:
        log.error("importing %s ended with status %s: %s", work.kind, said.status, said.trace)  # noqa: TRY400  # the trace is the other process's
        if said.status < 0 or "MemoryError" in said.trace:
            raise Invalid(f"{work.path.name}: {ENDED}") from error
        raise RuntimeError("the importing process failed; its trace is in the log") from error
    if outcome.refused:
        kinds = {kind.status: kind for kind in KINDS}
        # Where this server keeps its files is not the sender's business.
        raise kinds.get(outcome.status, Invalid)(outcome.refused.replace(f"{work.path.parent}/", ""))
    return outcome.stored


def limit_s(size_bytes: int) -> int:
    """Seconds for a file of this size."""
    return LEAST_S + size_bytes // BYTES_A_SECOND
