"""The Huey queue between the web and its workers: tasks are put in by name, and only JSON travels.

The database says what there is to do; a message only says "look now", so a lost one costs time, not work.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from huey import Huey, PriorityRedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer
from huey.utils import Error, normalize_time

from app.settings import Settings

VERIFY, GENERATE, TRY = "verify", "generate", "try"
# Somebody waits for an answer, or for a checkpoint to be ready; a run's next batch comes after them.
TASKS = {GENERATE: 0, VERIFY: 1, TRY: 2}
Handler = Callable[..., Any]


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey ships no types
    """Instead of huey's pickles: whoever can write into the queue cannot run code in a worker."""

    def _serialize(self, data: object) -> bytes:
        if isinstance(data, Message):
            fields = data._asdict()
            eta = fields["eta"]
            return json.dumps({"message": fields | {"eta": eta and eta.isoformat()}}).encode()
        if isinstance(data, Error):
            return json.dumps({"error": data.metadata}, default=str).encode()
        return json.dumps({"value": data}).encode()

    def _deserialize(self, data: bytes) -> object:
        found = json.loads(data)
        if "message" in found:
            fields = found["message"]
            eta = fields["eta"]
            times = {"eta": datetime.fromisoformat(eta) if eta else None, "args": tuple(fields["args"])}
            return Message(**(fields | times))
        return Error(found["error"]) if "error" in found else found["value"]


def make_queue(settings: Settings, handlers: Mapping[str, Handler] | None = None) -> Huey:
    """The queue; only a worker gives handlers, everybody else just puts tasks in."""
    kind = {"serializer": JsonSerializer(), "utc": True}
    if settings.redis_url:
        queue = PriorityRedisHuey("honeyglass", url=settings.redis_url, **kind)
    else:
        settings.home.mkdir(parents=True, exist_ok=True)
        queue = SqliteHuey("honeyglass", filename=str(settings.home / "queue.db"), **kind)
    for name in TASKS:
        queue.task(name=name)(named(name, (handlers or {}).get(name)))
    return queue


def named(name: str, handler: Handler | None) -> Handler:
    """The function huey registers: the same name on both sides, whoever implements it."""

    def run(*arguments: object) -> object:
        if handler is None:
            raise RuntimeError(f"'{name}' is a worker's task.")
        return handler(*arguments)

    return run


def enqueue(queue: Huey, name: str, *arguments: object, delay_s: float = 0) -> str:
    """Put a task in by name; the id is what `answer` asks by."""
    task_class = queue._registry.string_to_task(f"{__name__}.{name}")  # noqa: SLF001  # huey has no public way by name
    task = task_class(args=arguments, kwargs={}, priority=TASKS[name])
    if delay_s:
        task.eta = later(delay_s)
    queue.enqueue(task)
    return str(task.id)


def later(delay_s: float) -> datetime:
    return cast("datetime", normalize_time(delay=delay_s, utc=True))


def answer(queue: Huey, task_id: str) -> Any:  # noqa: ANN401  # whatever JSON the task returned
    """What a task returned, once; None while it has not. Raises: huey's TaskException if it failed."""
    return queue.result(task_id)
