"""Putting a question to a checkpoint through a worker, and the answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from huey.exceptions import TaskException

from app.errors import Conflict, Invalid, Unavailable
from app.models import Checkpoint
from app.queue import TRY, QueueOutOfReach, answer, ask

NO_QUEUE = "The queue to the workers does not answer, so nobody can be asked now; try again in a minute."


def ask_worker(
    request: Request, found: Checkpoint, way: str, question: str, choices: Sequence[str], premise: str | None
) -> str:
    """The task's id. Raises: Conflict, Invalid, Unavailable."""
    if found.state != "ready":
        raise Conflict(f"'{found.name}' is {found.state}; only a ready one can be asked.")
    if way not in found.manifest["ask"]["ways"]:
        raise Invalid(f"'{found.name}' cannot be asked in the way '{way}'.")
    try:
        return ask(request.app.state.queue, TRY, found.id, way, question, list(choices), premise)
    except QueueOutOfReach as error:
        raise Unavailable(NO_QUEUE) from error


def answer_of(request: Request, task_id: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] | None = answer(request.app.state.queue, task_id)
    except TaskException:
        return {"error": "The worker could not answer; its log says why."}
    except QueueOutOfReach as error:
        raise Unavailable(NO_QUEUE) from error
    return found
