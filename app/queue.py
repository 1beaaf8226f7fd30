"""The Huey queues between the web and what works for it: tasks are put in by name, and only JSON travels.

Students' workers have one, the background process another; both lie in one file or one Redis.

The database says what there is to do; a message only says "look now", so a lost one costs time, not work.
"""

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from huey import Huey, PriorityRedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer
from huey.utils import Error, normalize_time
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app import home
from app.settings import Settings

log = logging.getLogger("honeyglass")

STUDENTS, BACKGROUND = "honeyglass", "honeyglass-background"
VERIFY, GENERATE, TRY, WORK = "verify", "generate", "try", "work"
# Somebody waits for an answer, or for a checkpoint to be ready; a run's next batch comes after them.
TASKS = {STUDENTS: {GENERATE: 0, VERIFY: 1, TRY: 2}, BACKGROUND: {WORK: 0}}
LAST_BEAT = "a worker's last beat"
SILENT_S = 60.0  # a worker beats every 15 seconds, whatever it is at
MOST_MESSAGES = 16  # workers that may join a run at once; each then asks for its next batch itself
OUT_OF_REACH = (RedisError, sqlite3.Error, OSError)
Handler = Callable[..., Any]


class QueueOutOfReach(Exception):  # it says what is so, as the other errors do
    """The queue does not answer."""


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


def make_queue(
    settings: Settings, handlers: Mapping[str, Handler] | None = None, name: str = STUDENTS
) -> Huey:
    """The queue of that name; only who works gives handlers, everybody else just puts tasks in."""
    kind = {"serializer": JsonSerializer(), "utc": True}
    if settings.redis_url:
        queue = PriorityRedisHuey(name, url=settings.redis_url, **kind)
    else:
        home.make(settings.home)
        (settings.home / "queue.db").touch(0o600)  # SQLite would let others read it
        queue = SqliteHuey(name, filename=str(settings.home / "queue.db"), **kind)
    for task in TASKS[name]:
        queue.task(name=task)(named(task, (handlers or {}).get(task)))
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
    task = task_class(args=arguments, kwargs={}, priority=TASKS[queue.name][name])
    if delay_s:
        task.eta = later(delay_s)
    queue.enqueue(task)
    return str(task.id)


def later(delay_s: float) -> datetime:
    return cast("datetime", normalize_time(delay=delay_s, utc=True))


def tell(queue: Huey, name: str, *arguments: object, times: int = 1) -> None:
    """Have a worker look at once; if the queue is out of reach it looks a little later by itself."""
    try:
        for _ in range(min(times, MOST_MESSAGES)):
            enqueue(queue, name, *arguments)
    except OUT_OF_REACH as error:
        log.warning("the queue is out of reach, so %s waits for a worker to look: %s", name, error)


def ask(queue: Huey, name: str, *arguments: object) -> str:
    """Put in a task whose answer somebody waits for. Raises: QueueOutOfReach."""
    try:
        return enqueue(queue, name, *arguments)
    except OUT_OF_REACH as error:
        raise QueueOutOfReach(str(error)) from error


def beat(queue: Huey) -> None:
    """A worker says that it is there. One mark serves all of them: it tells when the last one was seen."""
    queue.put(LAST_BEAT, time.time())


def is_worker_missing(queue: Huey) -> bool:
    """Whether no worker was seen lately. A queue that does not answer says nothing of workers: False."""
    try:
        seen = queue.get(LAST_BEAT, peek=True)
    except OUT_OF_REACH:
        return False
    return seen is None or time.time() - seen > SILENT_S


def keep_looking(queue: Huey, look: Callable[[], None], every_s: float) -> None:
    """Beat, and look for work that no message told of: messages die with whoever took them. For a thread."""
    pause = threading.Event()
    while True:
        try:
            beat(queue)
            look()
        except (SQLAlchemyError, *OUT_OF_REACH) as error:
            log.warning("looked for work in vain: %s", error)  # a restart of either must not end this
        pause.wait(every_s)


def answer(queue: Huey, task_id: str) -> Any:  # noqa: ANN401  # whatever JSON the task returned
    """What a task returned, once; None while it has not. Raises: QueueOutOfReach; TaskException."""
    try:
        return queue.result(task_id)
    except OUT_OF_REACH as error:
        raise QueueOutOfReach(str(error)) from error
