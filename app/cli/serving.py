"""How the web server is run: uvicorn's settings and its log."""

import importlib.util
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2
import uvicorn
from sqlalchemy import make_url

from app.errors import Conflict
from app.settings import Settings
from app.web.connections import PatientProtocol

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
WELL_KNOWN = {"", "admin", "changeme", "default", "honeyglass", "password", "postgres", "secret", "test"}
LOG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "app.logs.LineFormatter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stderr"}
    },
    "loggers": {
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "honeyglass": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}


def refuse_defaults(settings: Settings, host: str) -> None:
    """Raises: Conflict if others could reach this server while it uses a password everybody knows."""
    password = make_url(settings.url).password
    if host not in LOOPBACK and password is not None and str(password).lower() in WELL_KNOWN:
        raise Conflict(
            "HONEYGLASS_DATABASE_URL has a well-known password. Choose another (openssl rand -hex 24), "
            "or serve on 127.0.0.1 alone."
        )


def refuse_strangers(host: str, *, is_behind_proxy: bool) -> None:
    """Raises: Conflict where anybody could connect to this server itself, which speaks no TLS."""
    if host not in LOOPBACK and not is_behind_proxy:
        raise Conflict(
            f"Others can reach {host}, without TLS and without a proxy that takes blows. Serve on 127.0.0.1 "
            "behind a proxy (docs/deploy.md), or say --behind-proxy if there is one."
        )


def run(host: str, port: int, workers: int) -> None:
    """Serve until stopped. uvicorn's access log stays off: it would write participants' codes."""
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=PatientProtocol,
        ws="none",
        log_config=LOG,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        # A worker that starts on a busy machine is slow, not dead; after uvicorn's 5 s it would be killed
        # and started again for ever.
        timeout_worker_healthcheck=60,
    )


WITHOUT_TORCH = (
    "No worker is started, since PyTorch, transformers or peft is not installed: studies run, but no student "
    "can be loaded. To load students: make worker"
)
WORKER = [sys.executable, "-m", "app.worker"]
BACKGROUND = [sys.executable, "-m", "app.background"]
RESTART_S = 2.0


def can_load_students() -> bool:
    return all(importlib.util.find_spec(name) for name in ("torch", "transformers", "peft"))


@contextmanager
def beside(commands: Sequence[Sequence[str]]) -> Iterator[None]:
    """Processes beside the server, started again if they die; they end with this one, however that ends."""
    stopped = threading.Event()
    children: dict[int, subprocess.Popen[bytes]] = {}

    def keep_alive(number: int) -> None:
        while not stopped.is_set():
            # In a group of its own: Ctrl+C in a terminal is for the server, which then ends them.
            command = [*commands[number], "--with-parent"]
            child = subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0)  # noqa: S603  # our own
            children[number] = child
            child.wait()
            stopped.wait(RESTART_S)

    for number in range(len(commands)):
        threading.Thread(target=keep_alive, args=(number,), daemon=True).start()
    try:
        yield
    finally:
        stopped.set()
        for child in children.values():
            child.terminate()


def ask(port: int) -> str:
    """What the server on this machine says of itself. Raises: Conflict unless it is ready."""
    try:
        answer = httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=4)
    except httpx2.HTTPError as error:
        raise Conflict(f"No server answers on port {port} ({type(error).__name__}).") from error
    if answer.status_code != 200:  # noqa: PLR2004  # plain OK
        raise Conflict(f"The server on port {port} is not ready: {answer.text}.")
    return answer.text
