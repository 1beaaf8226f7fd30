"""A command under way in a process of its own: what it says is read as it says it."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import IO, Any

from app.jobs.service import Progress
from app.settings import Settings

log = logging.getLogger("honeyglass.background")
CHILD = [sys.executable, "-m", "app.background.child"]
READ_OF_TRACE = 4_000
UNEXPECTED = "It failed unexpectedly; the server's log says why."
KILLED = "Its process was ended from outside; the server may have too little memory for it."


class Running:
    """Each line that it prints is JSON: how far it is, and at last what came of it.

    `complaints` takes what it writes to standard error.
    """

    def __init__(self, settings: Settings, arguments: Sequence[str], complaints: IO[bytes]) -> None:
        self.progress: Progress | None = None
        self.told: dict[str, Any] | None = None
        self.complaints = complaints
        # A group of its own: Ctrl+C is for the server. No session of its own: `processes.run` says why.
        self.process = subprocess.Popen(  # noqa: S603  # our own
            [*CHILD, str(os.getpid()), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=environment(settings),
            process_group=0,
        )
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self) -> None:
        assert self.process.stdout is not None  # noqa: S101  # it was asked for
        with self.process.stdout as lines:
            for line in lines:
                said = json.loads(line)
                if {"done", "total"} <= set(said) <= {"done", "total", "doing"}:
                    self.progress = Progress(**said)
                else:
                    self.told = said

    def has_ended(self, within_s: float) -> bool:
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        self.listener.join()
        return True

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.listener.join()

    def outcome(self) -> dict[str, Any]:
        """What it said at last; {"ok": False, "error": …} if it said nothing."""
        if self.told is not None:
            return self.told
        if self.process.returncode < 0:
            return {"ok": False, "error": KILLED}
        self.complaints.seek(0)
        trace = self.complaints.read().decode("utf-8", "replace")
        log.error("a job's command failed:\n%s", trace[-READ_OF_TRACE:].strip())
        return {"ok": False, "error": UNEXPECTED}


def environment(settings: Settings) -> Mapping[str, str]:
    """Ours, with the settings that this process has, and one thread for each library that would take all."""
    return os.environ | {
        "HONEYGLASS_HOME": str(settings.home.resolve()),
        "HONEYGLASS_DATABASE_URL": settings.database_url,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "TYPER_STANDARD_TRACEBACK": "1",  # for the log: without boxes
    }
