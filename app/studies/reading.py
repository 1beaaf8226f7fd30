"""A definition that somebody sent is read by a process of its own, which is ended when it takes too long.

Within its limits of size a text can still keep the reader busy for seconds, for which every page would wait.
"""

import logging
import subprocess
import sys

from pydantic import BaseModel, JsonValue, ValidationError

from app.contract.base import InvalidFile
from app.contract.study import StudyDefinition
from app.studies.definition import parse_definition
from app.web.processes import restrain, run

log = logging.getLogger("honeyglass")
NAME = "The definition"
COMMAND = [sys.executable, "-m", "app.studies.reading"]
MOST_CPU_S = 15
MOST_S = 60  # on a machine that is busy with other work
MOST_BYTES = 2**30
GIVEN_UP = f"{NAME}: it takes too long to read, so it was given up. Write it more simply, or in parts."


class Read(BaseModel):
    """Either the definition, or all that is wrong with it."""

    definition: dict[str, JsonValue] | None = None
    refused: str = ""


def read_apart(text: str) -> StudyDefinition:
    """Raises: InvalidFile as `parse_definition`, and for what takes too long."""
    try:
        said = run(COMMAND, text.encode("utf-8", "replace"), MOST_S)
        read = Read.model_validate_json(said.answer)
    except subprocess.TimeoutExpired as error:
        raise InvalidFile(GIVEN_UP) from error
    except ValidationError as error:
        log.error("reading a definition ended with status %s: %s", said.status, said.trace)  # noqa: TRY400  # the trace is the other process's
        raise InvalidFile(GIVEN_UP) from error
    if read.definition is None:
        raise InvalidFile(read.refused)
    return StudyDefinition.model_validate(read.definition)


def main() -> None:
    restrain(MOST_CPU_S, MOST_BYTES)
    sys.stdout.write(read_here(sys.stdin.buffer.read().decode()).model_dump_json() + "\n")


def read_here(text: str) -> Read:
    try:
        return Read(definition=parse_definition(text, NAME).model_dump(mode="json"))
    except InvalidFile as refused:
        return Read(refused=str(refused))


if __name__ == "__main__":
    main()
