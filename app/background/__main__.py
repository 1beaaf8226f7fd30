"""`python -m app.background`: does jobs until it is stopped. `honeyglass serve` starts it."""

import logging
import os
import signal
import sys
import threading
import time
from functools import partial

from huey import Huey

from app import home
from app.audit import Actor
from app.background.work import Bench
from app.jobs import files, queries, service
from app.logs import LineFormatter
from app.queue import BACKGROUND, WORK, enqueue, keep_looking, make_queue
from app.settings import SECRET_FILE, Settings
from app.web.db import Database
from app.web.processes import end_with_parent

log = logging.getLogger("honeyglass.background")
AT_ONCE = 2
LOOK_S = 15.0
STOP_S = 5.0  # what jobs get to be given back in, once this process is told to stop


def sweep(bench: Bench, queue: Huey) -> None:
    """Settle what dead processes left behind, and ask for what waits if no message does."""
    with bench.database.transaction(writing=True) as session:
        service.give_up_lost(session)
        service.expire(session)
        waits = queries.has_claimable(session)
    files.tidy(bench.settings, bench.database)
    if waits and not queue.pending_count():
        enqueue(queue, WORK)


def main() -> None:
    lines = logging.StreamHandler()
    lines.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[lines])
    logging.getLogger("huey").setLevel(logging.WARNING)  # what matters of a job, work.py says
    settings = Settings()
    home.keep_private()
    if mended := home.close(settings.home, SECRET_FILE):
        log.warning("%s", mended)
    files.drop_earlier(settings)
    bench = Bench(settings, Database(settings.url, actor=Actor("background")))
    queue = make_queue(settings, {WORK: bench.work}, BACKGROUND)
    consumer = queue.create_consumer(
        workers=AT_ONCE, periodic=False, initial_delay=0.1, max_delay=1.0, shutdown_timeout=STOP_S
    )
    bench.stopping = consumer.stop_flag
    every_s = min(LOOK_S, settings.lease_seconds)
    look = partial(keep_looking, queue, partial(sweep, bench, queue), every_s)
    threading.Thread(target=look, daemon=True).start()
    if "--with-parent" in sys.argv:
        stop = partial(os.kill, os.getpid(), signal.SIGTERM)
        threading.Thread(target=end_with_parent, args=(stop,), daemon=True).start()
    log.info("waiting for jobs")
    consumer.run()
    deadline = time.monotonic() + STOP_S
    while bench.under_way and time.monotonic() < deadline:
        time.sleep(0.05)
    logging.shutdown()
    os._exit(0)  # whatever a thread is in the middle of, its lease gives back


if __name__ == "__main__":
    main()
