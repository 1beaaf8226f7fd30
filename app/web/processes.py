"""Processes of ours: how they give way to participants' requests, keep within limits, and end with others."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

POLITENESS = 10
LONGEST_TRACE = 4_000
DIE_WITH_PARENT = 1  # Linux's PR_SET_PDEATHSIG
LOOK_S = 1.0


class Said(NamedTuple):
    """What a process wrote before it ended."""

    answer: bytes
    trace: str
    status: int


def run(
    command: Sequence[str], told: bytes, limit_s: float, environment: Mapping[str, str] | None = None
) -> Said:
    """Run a command of ours to its end; it gives way to participants' requests.

    Raises: TimeoutExpired, after which it is gone.
    """
    process = subprocess.Popen(  # noqa: S603  # our own
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        # Ctrl+C is for the server. Not a session of its own: Linux shares the processors out by session first
        # (autogroup), and nobody would give way to anybody.
        process_group=0,
    )
    with process:
        try:
            os.setpriority(os.PRIO_PROCESS, process.pid, POLITENESS)
            answer, trace = process.communicate(told, limit_s)
        finally:
            process.kill()
    return Said(answer, trace.decode("utf-8", "replace")[-LONGEST_TRACE:], process.returncode)


def restrain(cpu_s: int, most_bytes: int) -> None:
    """For a process that opens what strangers send: seconds of its own, and bytes of address space.

    No code of it can raise them again.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))


def end_with(parent: int) -> None:
    """Die when this process's parent does: at once on Linux, even in a call that never comes back; soon
    elsewhere.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def end_with_parent(stop: Callable[[], None]) -> None:
    """Wait for the end of standard input, which the server that started this process holds open, then stop.

    Read past Python's buffer, whose lock this thread would still hold when the interpreter shuts down: that
    is fatal to it.
    """
    while os.read(sys.stdin.fileno(), 1):
        pass
    stop()
