"""Pure ASGI middleware: headers, a limit on bodies, and a log line that holds no codes.

Written against ASGI directly because BaseHTTPMiddleware costs a quarter of a millisecond each.
"""

import logging
import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("honeyglass.access")
LARGEST_BODY_BYTES = 256 * 1024
POLICY = "default-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
EVERYWHERE = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PARTICIPANTS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
STATIC = {"Cache-Control": "public, max-age=31536000, immutable"}


class Guard:
    """Sets the headers, refuses large bodies and writes one access line a request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        answered = 0

        async def send_guarded(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in headers_for(scope["path"], answered).items():
                    headers[name] = value
            await send(message)

        if too_large(Headers(scope=scope)):
            await refuse(send_guarded)
        else:
            await self.app(scope, Limited(receive).receive, send_guarded)
        elapsed_ms = (time.perf_counter() - started) * 1000
        log.info("%s %s %s %.1f ms", scope["method"], safe_path(scope["path"]), answered, elapsed_ms)


class Limited:
    """Ends a body that has no length and grows past the limit, as a client that went away would."""

    def __init__(self, receive: Receive) -> None:
        self.inner, self.seen = receive, 0

    async def receive(self) -> Message:
        message = await self.inner()
        self.seen += len(message.get("body", b""))
        return message if self.seen <= LARGEST_BODY_BYTES else {"type": "http.disconnect"}


def headers_for(path: str, status: int) -> dict[str, str]:
    if path.startswith("/static/"):
        return EVERYWHERE | STATIC if status == 200 else EVERYWHERE  # noqa: PLR2004  # plain OK
    return EVERYWHERE | PARTICIPANTS


def too_large(headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    return not length.isdigit() or int(length) > LARGEST_BODY_BYTES


async def refuse(send: Send) -> None:
    body = b"This is more than the study accepts at once. Please shorten it and try again."
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def safe_path(path: str) -> str:
    """The path without what opens a participant's page."""
    return re.sub(r"^/p/[^/]*", "/p/*", path).encode("ascii", "backslashreplace").decode()
