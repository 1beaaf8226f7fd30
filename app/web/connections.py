"""Connections that cost more than they bring are closed: silent ones, endless headers, answers nobody reads.

A proxy that buffers does the same; this holds without one. How long a body may take is said in `bodies`.
"""

import asyncio
import resource
from asyncio.events import TimerHandle
from http import HTTPStatus
from typing import Any, cast

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_S = 10.0
REST_OF_BODY_S = 30.0  # what nobody reads any more, after its answer
UNREAD_ANSWER_S = 120.0
LARGEST_HEADERS_BYTES = 32 * 1024
MOST_CONNECTIONS = 1_000


def most_connections() -> int:
    """For one process: half of the files it may open, since the database and others need some, too."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if allowed == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, allowed // 2)


async def headers_too_large(scope: Scope, receive: Receive, send: Send) -> None:
    answer = PlainTextResponse("The headers are too large.", 431, {"connection": "close"})
    await answer(scope, receive, send)


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with an end to its patience. One timer runs at a time for what a client owes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # uvicorn's own, whatever they are
        super().__init__(*args, **kwargs)
        self.owed: TimerHandle | None = None
        self.unread: TimerHandle | None = None
        self.is_in_headers = False
        self.header_bytes = 0
        self.waits_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # so that all that is unread counts as such
        if len(self.connections) > most_connections() and not self.close_longest_waiting():
            transport.abort()
            return
        self.await_headers()

    def close_longest_waiting(self) -> bool:
        """Make room by ending the connection that has owed its headers for the longest time."""
        others = [cast("PatientProtocol", other) for other in self.connections if other is not self]
        waiting = [other for other in others if other.is_in_headers and not other.transport.is_closing()]
        if not waiting:
            return False
        min(waiting, key=lambda other: other.waits_since).transport.abort()
        return True

    def await_headers(self) -> None:
        self.is_in_headers, self.header_bytes, self.waits_since = True, 0, self.loop.time()
        self.expect_within(HEADERS_S)

    def expect_within(self, seconds: float) -> None:
        self.forgive()
        self.owed = self.loop.call_later(seconds, self.lose_patience)

    def forgive(self) -> None:
        if self.owed is not None:
            self.owed.cancel()
            self.owed = None

    def lose_patience(self) -> None:
        if self.is_in_headers and self.header_bytes:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.abort()

    def refuse(self, status: HTTPStatus) -> None:
        line = f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        self.transport.write(line.encode())
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.is_in_headers and not self.transport.is_closing():
            self.header_bytes += len(data)
            if self.header_bytes > LARGEST_HEADERS_BYTES:
                self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self.is_in_headers:  # a further request on a connection that was kept
            self.await_headers()

    def on_headers_complete(self) -> None:
        self.is_in_headers = False
        self.forgive()
        if (
            len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            > LARGEST_HEADERS_BYTES
        ):
            self.app = headers_too_large
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.forgive()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body and not self.transport.is_closing():
            self.expect_within(REST_OF_BODY_S)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.unread = self.loop.call_later(UNREAD_ANSWER_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.stop_waiting_for_reader()

    def stop_waiting_for_reader(self) -> None:
        if self.unread is not None:
            self.unread.cancel()
            self.unread = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.forgive()
        self.stop_waiting_for_reader()
        self.is_in_headers = False
        super().connection_lost(exc)
