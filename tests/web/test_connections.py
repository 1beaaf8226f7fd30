"""Who sends slowly, endlessly or not at all holds nothing for long; the others are answered meanwhile."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

import httpx2
import pytest
import uvicorn
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.web import bodies, connections
from app.web.bodies import Body
from app.web.connections import PatientProtocol
from tests.servers import free_port

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
WAIT_S = 20


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how many bytes came; at /unread it answers without having read them, at /large with 64 MB."""
    if scope["path"] == "/large":
        await PlainTextResponse(b"x" * 64 * 2**20)(scope, receive, send)
        return
    try:
        content = b"" if scope["path"] == "/unread" else await Request(scope, Body(receive)).body()
    except HTTPException as refused:
        await PlainTextResponse("too slow", refused.status_code)(scope, receive, send)
    else:
        await PlainTextResponse(str(len(content)))(scope, receive, send)


@contextmanager
def serving() -> Iterator[int]:
    port = free_port()
    config = uvicorn.Config(
        echo, port=port, http=PatientProtocol, ws="none", lifespan="off", log_level="error"
    )
    server = uvicorn.Server(config)

    def run() -> None:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(server.serve())

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + WAIT_S
    try:
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield port
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connections, "HEADERS_S", 1.0)
    monkeypatch.setattr(connections, "REST_OF_BODY_S", 1.0)
    monkeypatch.setattr(connections, "UNREAD_ANSWER_S", 1.0)
    monkeypatch.setattr(bodies, "PATIENCE_S", 1.0)
    with serving() as port:
        yield port


class Connect(Protocol):
    def __call__(self, begin: bytes = b"") -> socket.socket: ...


@pytest.fixture
def connect(port: int) -> Iterator[Connect]:
    """Opens connections that are closed when the test ends."""
    with ExitStack() as opened:

        def open_one(begin: bytes = b"") -> socket.socket:
            one = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=WAIT_S))
            one.sendall(begin)
            return one

        yield open_one


def said_until_closed(one: socket.socket, *, sending: bytes = b"") -> bytes:
    """All that comes until the server closes; `sending` is sent again and again meanwhile."""
    said, deadline = b"", time.monotonic() + WAIT_S
    one.settimeout(0.05)
    while time.monotonic() < deadline:
        try:
            if sending:
                one.sendall(sending)
            piece = one.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:
            return said
        if not piece:
            return said
        said += piece
    pytest.fail("the server has kept the connection open")


def get(port: int) -> str:
    return httpx2.get(f"http://127.0.0.1:{port}/", timeout=WAIT_S).text


def test_two_hundred_silent_connections_are_closed_and_hold_up_nobody(port: int, connect: Connect) -> None:
    silent = [connect(begin) for begin in (b"", b"GET / HTTP/1.1\r\n") for _ in range(100)]
    assert get(port) == "0"
    said = [said_until_closed(one) for one in silent]
    assert set(said[:100]) == {b""}
    assert all(one.startswith(b"HTTP/1.1 408 ") for one in said[100:])


def test_headers_without_end_are_refused(connect: Connect) -> None:
    said = said_until_closed(connect(HEAD), sending=b"a: " + b"b" * 8000 + b"\r\n")
    assert said.startswith(b"HTTP/1.1 431 ") or said == b""  # an answer may be lost while we still send
    assert said_until_closed(connect(HEAD + b"a: "), sending=b"b").startswith(b"HTTP/1.1 408 ")


def test_headers_that_come_at_once_and_are_too_large_are_refused(connect: Connect) -> None:
    said = said_until_closed(
        connect(b"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=" + b"b" * 40_000 + b"\r\n\r\n")
    )
    assert said.startswith(b"HTTP/1.1 431 ")


def test_a_body_a_letter_at_a_time_is_given_up(connect: Connect) -> None:
    said = said_until_closed(connect(HEAD + b"Content-Length: 99999\r\n\r\n"), sending=b"a")
    assert b" 408 " in said.splitlines()[0]


def test_what_is_sent_after_its_answer_is_not_read_for_ever(connect: Connect) -> None:
    head = b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n"
    assert said_until_closed(connect(head), sending=b"a").startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_nobody_reads_is_given_up(port: int, connect: Connect) -> None:
    one = connect(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(2.5)
    assert len(said_until_closed(one)) < 64 * 2**20
    assert get(port) == "0"


def test_a_slow_body_that_still_moves_is_taken_and_a_kept_connection_serves_again(port: int) -> None:
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=WAIT_S) as client:
        for _ in range(3):
            assert client.post("/", content=(b"x" * 16_384 for _ in range(8))).text == "131072"
            time.sleep(1.3)  # longer than headers may take: an idle connection owes nothing


def test_with_all_connections_taken_the_longest_silent_one_makes_room(
    port: int, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEADERS_S", 60)
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 20)
    silent = [connect() for _ in range(60)]
    assert get(port) == "0"
    assert said_until_closed(silent[0]) == b""
    silent[-1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert said_until_closed(silent[-1]).endswith(b"0")
