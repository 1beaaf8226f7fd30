"""The dry run under attack: everything small that might freeze the server, one after another.

`make rehearse-attacks` starts a server with the demo study, asks for /s/demo every 20 ms as a participant's
browser would, and meanwhile does to it, on this machine alone and each for a minute at most, what an
attacker would. The table says for how long the study's page did not answer, and what memory it took.
"""

import http.client
import socket
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from app.web.db import Database
from app.web.migrations import upgrade
from tests.hostile_files import ARCHIVES, LINES, File
from tests.rehearsal import STUDY, tell
from tests.servers import WebServer
from tests.staff import ADA, bearer

PROBE_S, LONGEST_ATTACK_S, LONGEST_PROBE_S = 0.02, 60, 60
MOST_DELAY_S, MOST_MEMORY_MB = 0.3, 150
MIB = 2**20
Attack = Callable[["Target"], str]


@dataclass
class Target:
    server: WebServer
    token: dict[str, str]

    def post(self, path: str, body: bytes, kind: str, timeout: float = LONGEST_ATTACK_S) -> str:
        """Send it as the signed-in researcher; the answer's status, or why there was none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=timeout)
        try:
            connection.request("POST", path, body, self.token | {"content-type": kind})
            answer = connection.getresponse()
            answer.read()
        except OSError as error:
            return type(error).__name__
        else:
            return str(answer.status)
        finally:
            connection.close()

    def upload(self, path: str, file: File) -> str:
        boundary, (name, content) = uuid.uuid4().hex, file
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in {"name": f"x{boundary}", "format": "cqa", "questions": "demo"}.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = b"".join([*parts, head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])
        return self.post(path, body, f"multipart/form-data; boundary={boundary}")

    def socket(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=5)


@dataclass
class Watch:
    """What a participant and the machine's owner saw during an attack."""

    longest_s: float = 0
    failed: int = 0
    asked: int = 0
    most_mb: float = 0
    children_mb: float = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    def probe(self, port: int) -> None:
        while not self.is_over.is_set():
            started = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_PROBE_S)
            try:
                connection.request("GET", "/s/demo")
                self.failed += connection.getresponse().status != 200
            except (OSError, http.client.HTTPException):
                self.failed += 1
            finally:
                connection.close()
            self.asked += 1
            self.longest_s = max(self.longest_s, time.monotonic() - started)
            time.sleep(PROBE_S)

    def weigh(self, process: psutil.Process) -> None:
        while not self.is_over.wait(PROBE_S):
            self.most_mb = max(self.most_mb, memory_mb(process))
            with suppress(psutil.NoSuchProcess):
                held = sum(memory_mb(child) for child in process.children(recursive=True))
                self.children_mb = max(self.children_mb, held)


def memory_mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / MIB


@contextmanager
def watched(server: WebServer) -> Iterator[Watch]:
    watch = Watch()
    jobs = [
        threading.Thread(target=watch.probe, args=(server.port,)),
        threading.Thread(target=watch.weigh, args=(psutil.Process(server.process.pid),)),
    ]
    for job in jobs:
        job.start()
    try:
        yield watch
    finally:
        watch.is_over.set()
        for job in jobs:
            job.join()


def definition(text: bytes) -> Attack:
    return lambda target: target.post("/api/v1/studies/validate", text, "application/yaml")


def offered(path: str, file: File) -> Attack:
    return lambda target: target.upload(path, file)


def silent_sockets(count: int, begin: bytes) -> Attack:
    """So many connections that begin and then say nothing more, held for ten seconds."""

    def attack(target: Target) -> str:
        held = []
        for _ in range(count):
            with suppress(OSError):
                held.append(target.socket())
                held[-1].sendall(begin)
        time.sleep(10)
        for one in held:
            one.close()
        return f"{len(held)} opened"

    return attack


def without_end(piece: bytes, begin: bytes, pause_s: float) -> Attack:
    """One connection that never comes to its end, for twenty seconds; what it is answered."""

    def attack(target: Target) -> str:
        deadline, sent = time.monotonic() + 20, 0
        with target.socket() as one:
            try:
                one.sendall(begin)
                while time.monotonic() < deadline and sent < 64 * MIB:
                    one.sendall(piece)
                    sent += len(piece)
                    time.sleep(pause_s)
                one.settimeout(0.5)
                said = one.recv(64)
            except (TimeoutError, BlockingIOError):
                return "still open"
            except OSError:
                return "closed"
        return said[9:12].decode() or "closed"

    return attack


def similar_names() -> bytes:
    name = "ab" * 48
    constructs = "".join(f"- {{key: c{n}, statement: s, scale: {name}x{n}}}\n" for n in range(60))
    scales = "".join(f"  {name}{n}: [a, b]\n" for n in range(200))
    study = STUDY.replace("QUESTIONS", "8").replace("TARGET", "2").replace("RESERVATION", "45")
    head, _, rest = study.partition("constructs:")
    return f"{head}constructs:\n{constructs}scales:\n{scales}pages:{rest.partition('pages:')[2]}".encode()


def cookies(target: Target) -> str:
    """Anybody's, with a value that is long to unquote."""
    head = (
        b'GET /s/demo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: a="'
        + b'\\"' * 30_000
        + b'"\r\n\r\n'
    )

    def send(_: int) -> str:
        with target.socket() as one:
            one.sendall(head)
            return one.recv(64)[9:12].decode() or "closed"

    with ThreadPoolExecutor(4) as pool:
        return " ".join(pool.map(send, range(4)))


def sign_ins(target: Target) -> str:
    body = urlencode({"email": ADA, "password": "wrong password it is"}).encode()
    kind = "application/x-www-form-urlencoded"
    with ThreadPoolExecutor(80) as pool:
        said = pool.map(lambda _: target.post("/sign-in", body, kind), range(80))
    return " ".join(f"{count}x{status}" for status, count in sorted(Counter(said).items()))


def abandoned_visits(target: Target) -> str:
    """Somebody starts while the places that 150 people left behind are all to be taken back."""
    return f"{simulated(target.server, '--participants', '1')['completed']} completed"


def simulated(server: WebServer, *load: str) -> dict[str, Any]:
    return tell(server, "simulate", "demo", "--force", "--concurrency", "20", "--url", server.address, *load)


def leave_visits(server: WebServer, url: str) -> None:
    simulated(server, "--participants", "150", "--dropout", "1")
    database = Database(url)
    with database.transaction(writing=True) as session:
        session.connection().exec_driver_sql(
            "UPDATE participant SET lapses_at = '2020-01-01 00:00:00' WHERE status = 'active'"
        )
    database.engine.dispose()


def attacks() -> Iterator[tuple[str, Callable[[], Attack]]]:
    """Each is built only when its turn comes."""
    address = "https://" + "." * 33_000 + " ."
    study = STUDY.replace("platform: link", f"platform: link, completion_url: '{address}'")
    yield "completion_url of 33 KB", lambda: definition(study.encode())
    yield "800 KB of lists", lambda: definition(b"a: [" + b"[]," * 266_000 + b"[]]")
    yield "40 KB of unknown keys", lambda: definition(b"\n".join(b"k%d: 1" % n for n in range(5_000)))
    yield "4,000 brackets", lambda: definition(b"[" * 4_000)
    hidden = b"# " + b"]" * 4_500 + b"\na: " + b"[" * 4_000
    yield "4,000 brackets behind a comment", lambda: definition(hidden)
    yield "120,000 old line ends", lambda: definition(b"-\r" * 122_880)
    yield "4,900 unknown keys", lambda: definition(b"\n".join(b"k%d: 1" % n for n in range(4_900)))
    yield "60 names beside 200 alike", lambda: definition(similar_names())
    yield "a cookie of 60 KB, four times", lambda: cookies
    for name, build in ARCHIVES.items():
        yield name, lambda build=build: offered("/api/v1/checkpoints", build())  # type: ignore[misc]  # mypy does not see that build has its type
    for name, build in LINES.items():
        yield name, lambda build=build: offered("/api/v1/bundles", build())  # type: ignore[misc]  # as above
    yield "the same .xz as questions", lambda: offered("/api/v1/question-sets", next(iter(LINES.values()))())
    post = b"POST /s/demo HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    yield "1,100 silent connections", lambda: silent_sockets(1_100, b"")
    yield "200 half requests", lambda: silent_sockets(200, b"GET /s/demo HTTP/1.1\r\nHost: a\r\n")
    yield "200 bodies without end", lambda: silent_sockets(200, post + b"Content-Length: 9999\r\n\r\na=")
    yield "headers without end", lambda: without_end(b"a: " + b"b" * 8000 + b"\r\n", post, 0.001)
    yield "one header without end", lambda: without_end(b"b" * 65536, post + b"a: ", 0.001)
    yield "a header every second", lambda: without_end(b"a: b\r\n", post, 1)
    yield (
        "a letter of the body every second",
        lambda: without_end(b"a", post + b"Content-Length: 9999\r\n\r\n", 1),
    )
    yield "80 sign-ins at once", lambda: sign_ins
    yield "150 abandoned visits", lambda: abandoned_visits


def main() -> int:
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        url = f"sqlite:///{home / 'honeyglass.db'}"
        upgrade(url)
        server = WebServer(home, url)
        tell(server, "demo")
        database = Database(url)
        token = bearer(database, ADA, "admin")
        database.engine.dispose()
        titles = (
            f"{'no page for':>12}{'failed':>8}{'answer':>22}{'took':>8}{'idle':>7}{'peak':>7}{'child':>7}"
        )
        sys.stdout.write(f"{'attack':<52}{titles} MB\n")
        with server:
            failures = sum(tried(Target(server, token), url, name, build()) for name, build in attacks())
    sys.stdout.write(f"{failures} failures\n")
    return min(failures, 1)


def tried(target: Target, url: str, name: str, attack: Attack) -> int:
    """Attack once and print a line; whether a participant would have noticed. A dead server is replaced."""
    server = target.server
    if name == "150 abandoned visits":
        leave_visits(server, url)
    idle, started = memory_mb(psutil.Process(server.process.pid)), time.monotonic()
    with watched(server) as watch:
        answer = attack(target)
    took = time.monotonic() - started
    sys.stdout.write(
        f"{name:<52}{watch.longest_s:>10.2f} s{watch.failed:>8}{answer[:20]:>22}{took:>6.1f} s"
        f"{idle:>7.0f}{watch.most_mb:>7.0f}{watch.children_mb:>7.0f}\n"
    )
    sys.stdout.flush()
    if answer == "TimeoutError" or server.process.poll() is not None or watch.most_mb - idle > 1000:
        server.kill()
        server.start()
    return int(watch.longest_s > MOST_DELAY_S or watch.failed > 0 or watch.most_mb - idle > MOST_MEMORY_MB)


if __name__ == "__main__":
    sys.exit(main())
