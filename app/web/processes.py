"""Processes that do one piece of work within limits, and end."""

import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple

POLITENESS = 10
LONGEST_TRACE = 4_000


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
        start_new_session=True,  # Ctrl+C is for the server
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
