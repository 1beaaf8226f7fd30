"""`python -m app.worker`: takes tasks from the queue until it is stopped. `honeyglass worker` starts it."""

import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partial

from huey import Huey

from app import home
from app.audit import Actor
from app.checkpoints import queries as checkpoints
from app.logs import LineFormatter
from app.queue import GENERATE, TRY, VERIFY, enqueue, keep_looking, make_queue
from app.runs import progress
from app.settings import SECRET_FILE, Settings
from app.web.db import Database
from app.web.processes import end_with_parent
from app.worker.work import Workbench

log = logging.getLogger("honeyglass.worker")
LOOK_S = 15.0
STOP_S = 1.0  # what a task gets to finish in, once the worker is told to stop


def sweep(database: Database, queue: Huey) -> None:
    """Ask for whatever there is to do, if the queue has nothing: messages die with their workers."""
    if queue.pending_count():
        return
    with database.transaction() as session:
        to_verify = checkpoints.to_verify(session)
        to_write = [run for run in progress.running(session) if progress.has_claimable(session, run)]
    for checkpoint_id in to_verify:
        enqueue(queue, VERIFY, checkpoint_id)
    for run_id in to_write:
        enqueue(queue, GENERATE, run_id)


def handlers(settings: Settings, database: Database, queue: list[Huey]) -> dict[str, Callable[..., object]]:
    """The tasks; the queue is known only once it has them."""
    bench: list[Workbench] = []

    def task(name: str) -> Callable[..., object]:
        def run(*arguments: object) -> object:
            if not bench:
                bench.append(Workbench(settings, database, queue[0]))
            done: object = getattr(bench[0], name)(*arguments)
            return done

        return run

    return {VERIFY: task("verify"), GENERATE: task("generate"), TRY: task("try_question")}


def main() -> None:
    lines = logging.StreamHandler()
    lines.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[lines])
    logging.getLogger("huey").setLevel(logging.WARNING)  # what matters of a task, work.py says
    settings = Settings()
    home.keep_private()
    if mended := home.close(settings.home, SECRET_FILE):
        log.warning("%s", mended)
    database = Database(settings.url, actor=Actor("worker"))
    made: list[Huey] = []
    queue = make_queue(settings, handlers(settings, database, made))
    made.append(queue)
    every_s = min(LOOK_S, settings.lease_seconds)
    look = partial(keep_looking, queue, partial(sweep, database, queue), every_s)
    threading.Thread(target=look, daemon=True).start()
    if "--with-parent" in sys.argv:
        threading.Thread(target=end_with_parent, args=(partial(os._exit, 0),), daemon=True).start()
    log.info("waiting for tasks")
    consumer = {"workers": 1, "periodic": False, "initial_delay": 0.05, "max_delay": 0.5}
    queue.create_consumer(**consumer, shutdown_timeout=STOP_S).run()
    logging.shutdown()
    os._exit(0)  # whatever a thread is in the middle of, its lease gives back


if __name__ == "__main__":
    main()
