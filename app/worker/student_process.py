"""A student's process as its worker sees it: asked by a pipe, watched, and killed when it goes too far.

What comes back is read as JSON of a known shape and a limited size, for a hostile student may have taken its
process over.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from pydantic import BaseModel, ValidationError

from app.contract.base import storable_throughout
from app.errors import AppError
from app.runs.service import STOPPED
from app.settings import Settings
from app.students.told import Posed, Told
from app.worker.talk import Ask, Load, Reply

LOOK_S = 0.1  # between two looks at time, memory and whether to go on
CHUNK_BYTES = 65536
MOST_REPLY_BYTES = 16 * 2**20
MOST_REASON = 600
SHARE_OF_MEMORY = 0.75
OWN_CODE = Path(__file__).resolve().parents[2]
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
# What a student's process may know of this one's environment; no address, password or token is among it.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
PASSED_ON_PREFIXES = ("LC_", "OMP_", "MKL_", "CUDA_", "NVIDIA_", "PYTORCH_", "HF_H", "XDG_CACHE")


class StudentFailed(AppError):
    """A student could not be loaded or asked; the message says why, in words for whoever reads its page."""


class StudentStopped(StudentFailed):
    """It was killed for the time or memory it took; asking it again would cost as much."""


class StudentProcess:
    """One loaded student. Whatever goes wrong but an honest refusal ends the process."""

    def __init__(self, settings: Settings, load: Load) -> None:
        self.most_bytes = memory_limit(settings)
        # A library takes the id of a hub model for a folder where there is one of that name; here is none.
        nowhere = settings.home.absolute() / "nowhere"
        nowhere.mkdir(mode=0o500, parents=True, exist_ok=True)
        command = [sys.executable, "-P", "-m", "app.worker.child", str(os.getpid())]
        self.process = subprocess.Popen(  # noqa: S603  # our own
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment(os.environ),
            cwd=nowhere,
            # A group of its own: Ctrl+C is for the worker. No session of its own: `processes.run` says why.
            process_group=0,
        )
        assert self.process.stdin is not None  # noqa: S101  # both were asked for
        assert self.process.stdout is not None  # noqa: S101
        self.requests, self.replies = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.requests, False)
        os.set_blocking(self.replies, False)
        self.load = load

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def start(self, limit_s: float, keep_going: Callable[[], None] = lambda: None) -> None:
        """Load the student. Raises: StudentFailed."""
        try:
            self.exchange(self.load, "Loading it", limit_s, keep_going)
        except StudentFailed:
            self.kill()
            raise

    def ask(
        self,
        way: str,
        questions: Sequence[Posed],
        limit_s: float,
        keep_going: Callable[[], None] = lambda: None,
    ) -> tuple[Told, ...]:
        """Raises: StudentFailed, or what `keep_going` raises, after which the process is gone."""
        request = Ask(way=way, questions=tuple(questions))
        told = self.exchange(request, "Answering", limit_s, keep_going).told
        if [one.question_id for one in told] != [question.id for question in questions]:
            raise self.killed("Its process answered other questions than it was asked.")
        return told

    def exchange(
        self, request: BaseModel, doing: str, limit_s: float, keep_going: Callable[[], None]
    ) -> Reply:
        unsent = memoryview(request.model_dump_json().encode() + b"\n")
        deadline = time.monotonic() + limit_s
        received = bytearray()
        try:
            while not received.endswith(b"\n"):
                keep_going()
                self.refuse_excess(doing, deadline, limit_s)
                writers = [self.requests] if unsent else []
                readable, writable, _ = select.select([self.replies], writers, [], LOOK_S)
                if writable:
                    unsent = unsent[os.write(self.requests, unsent[:CHUNK_BYTES]) :]
                if readable:
                    received += self.read(len(received))
        except BrokenPipeError as error:
            raise self.killed(self.how_it_ended()) from error
        except BaseException:
            self.kill()
            raise
        return self.reply(bytes(received))

    def read(self, already: int) -> bytes:
        chunk = os.read(self.replies, CHUNK_BYTES)
        if not chunk:
            raise StudentFailed(self.how_it_ended())
        if already + len(chunk) > MOST_REPLY_BYTES:
            raise StudentFailed("It wrote more than can be taken at once.")
        return chunk

    def reply(self, line: bytes) -> Reply:
        try:
            found = Reply.model_validate_json(line)
            storable_throughout(found.model_dump(mode="json"))
        except (ValidationError, ValueError, RecursionError) as error:
            raise self.killed("Its process answered in an unknown form.") from error
        if found.failed is not None:
            raise StudentFailed("".join(filter(str.isprintable, found.failed))[:MOST_REASON])
        return found

    def refuse_excess(self, doing: str, deadline: float, limit_s: float) -> None:
        if time.monotonic() > deadline:
            raise StudentStopped(f"{doing} took longer than {limit_s:g} s, {STOPPED}")
        try:
            used = psutil.Process(self.process.pid).memory_info().rss
        except psutil.Error:
            return  # it has ended, which the pipe will say
        if used > self.most_bytes:
            raise StudentStopped(f"{doing} took more than {self.most_bytes >> 20:,} MB of memory, {STOPPED}")

    def how_it_ended(self) -> str:
        try:
            status = self.process.wait(timeout=LOOK_S)
        except subprocess.TimeoutExpired:
            return "Its process stopped answering."
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        return f"Its process ended {how}; is there enough memory?"

    def killed(self, why: str) -> StudentFailed:
        self.kill()
        return StudentFailed(why)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def environment(own: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in own.items() if is_passed_on(key)}
    # It runs in a folder of its own, so what it imports is named by whole paths.
    paths = [str(OWN_CODE), *filter(None, own.get("PYTHONPATH", "").split(os.pathsep))]
    kept["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, paths))
    # Threads that wait by spinning would take the cores from the web server beside them.
    return {"HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE", **kept}


def is_passed_on(key: str) -> bool:
    return key in PASSED_ON or key.startswith(PASSED_ON_PREFIXES)


def memory_limit(settings: Settings) -> int:
    """In bytes: as set, or a share of what the machine, or this container, has."""
    if settings.student_memory_mb:
        return settings.student_memory_mb << 20
    whole = psutil.virtual_memory().total
    with suppress(OSError, ValueError):  # no container, or one without a limit
        whole = min(whole, int(CGROUP_LIMIT.read_text(encoding="ascii")))
    return int(whole * SHARE_OF_MEMORY)
