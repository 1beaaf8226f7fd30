"""Pure ASGI middleware: no requests from other sites, headers, and a log line that holds no codes.

Written against ASGI directly because BaseHTTPMiddleware costs a quarter of a millisecond each.
"""

import logging
import re
import time
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.logs import without_controls
from app.web import refusals
from app.web.bodies import Body
from app.web.rest import is_api, problem

log = logging.getLogger("honeyglass.access")
POLICY = "default-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
EVERYWHERE = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
# Staff pages name their own origin to themselves, so that a form can be told from another site's where
# the browser sends no Sec-Fetch-Site (plain http); the style sheet they use has small pictures in itself.
STAFF = {"Referrer-Policy": "same-origin", "Content-Security-Policy": f"{POLICY}; img-src 'self' data:"}
# The API's page is drawn by Swagger UI, which sets styles on its elements.
API_PAGE = {"Content-Security-Policy": f"{POLICY}; img-src 'self' data:; style-src 'self' 'unsafe-inline'"}
# A study's report is one file with its pictures and styles in it, and without anything that runs.
REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
REPORT = {"Content-Security-Policy": REPORT_POLICY}
STATIC = {"Cache-Control": "public, max-age=31536000, immutable"}
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}
OPENERS = {"p", "reset"}  # what follows them in an address opens something
CODE_LIKE = re.compile(r"[\w-]{16}")
LONGEST_LOGGED = 300
MOST_ROUNDS = 5
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
FOREIGN = (
    "This request came from another site, so nothing was done. "
    "Please open Honeyglass itself and send the form from there."
)


class Guard:
    """Refuses what another site sends, sets the headers and writes one access line a request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})  # one for all that handle the request: whose it is stands there
        started = time.perf_counter()
        answered = 0

        async def send_guarded(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in headers_for(scope["path"], answered, scope["scheme"]).items():
                    headers[name] = value
            await send(message)

        app = foreign(scope) if is_foreign(scope) else self.app
        await app(scope, receive if scope["method"] in SAFE_METHODS else Body(receive), send_guarded)
        elapsed_ms = (time.perf_counter() - started) * 1000
        log.info(
            "%s %s %s %.1f ms", scope["method"], safe_path(scope["path"], answered), answered, elapsed_ms
        )
        if answered in refusals.NOTED and not is_participants(scope["path"]):
            await refusals.note(scope, answered)


def foreign(scope: Scope) -> ASGIApp:
    request = Request(scope)
    return problem(request, 403, FOREIGN) if is_api(request) else PlainTextResponse(FOREIGN, 403)


def is_foreign(scope: Scope) -> bool:
    """Whether a request that may change something was made by another site's page.

    Browsers say so in Sec-Fetch-Site; over plain http they send Origin alone. Programs send neither. A
    participant's pages have no referrer, so over plain http their origin reads "null"; what opens them is
    the code in their address, which no other site knows.
    """
    if scope["method"] in SAFE_METHODS:
        return False
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None or (origin == "null" and is_participants(scope["path"])):
        return False
    return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def is_participants(path: str) -> bool:
    return path.startswith(("/p/", "/s/"))


def headers_for(path: str, status: int, scheme: str) -> dict[str, str]:
    headers = EVERYWHERE | (HTTPS_ONLY if scheme == "https" else {})
    if path.startswith("/static/"):
        return headers | STATIC if status == 200 else headers  # noqa: PLR2004  # plain OK
    if is_participants(path):
        return headers | PRIVATE
    own = API_PAGE if path == "/api/v1/docs" else REPORT if path.endswith("/results/report") else {}
    return headers | PRIVATE | STAFF | own


def safe_path(path: str, status: int) -> str:
    """The path as a log may hold it: without what opens a participant's page or sets a password.

    However somebody writes it: doubled slashes, capitals, dots, percent signs. Unless a page was shown,
    whatever is long enough to be a code is left out too: people paste codes into the wrong place, and what
    then answers is a redirect or a refusal of any kind.
    """
    is_shown = 200 <= status < 300  # noqa: PLR2004  # OK, Created and their like
    shown, is_next_secret = [], False
    for part in fully_unquoted(path).replace("\\", "/").split("/"):
        is_secret = is_next_secret and bool(part.strip(" ."))
        is_code = not is_shown and CODE_LIKE.search(part) is not None
        shown.append("*" if is_secret or is_code else part)
        is_next_secret = part.strip().casefold() in OPENERS or (is_next_secret and not is_secret)
    return without_controls("/".join(shown))[:LONGEST_LOGGED]


def fully_unquoted(path: str) -> str:
    """The path with its percent signs read until none is left to read; a few rounds are enough for anyone."""
    for _ in range(MOST_ROUNDS):
        read = unquote(path)
        if read == path:
            return path
        path = read
    return "/*"
