"""Every error a browser sees is a page that says what happened and what to do; never a trace."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.contract.base import InvalidFile
from app.contract.complaints import place, sentence
from app.errors import AppError, NotSignedIn, NotYet, TooMany
from app.web.db import is_full
from app.web.pages import Page, render
from app.web.rest import is_api, problem

log = logging.getLogger("honeyglass")


@dataclass(frozen=True)
class WayOn:
    text: str
    url: str


@dataclass(frozen=True, kw_only=True)
class ErrorPage(Page):
    template = "errors/error.html"
    heading: str
    message: str
    contact: str | None = None
    kept: Mapping[str, str] = field(default_factory=dict)  # what was sent and is stored nowhere
    way_on: WayOn | None = None


NO_SUCH_PAGE = ErrorPage(
    heading="There is no such page", message="Please check the address, or open the study's link again."
)
UNUSABLE = ErrorPage(
    heading="This did not work", message="The page cannot be used in this way. Please open your link again."
)
TOO_LARGE = ErrorPage(
    heading="This is too large",
    message="What was sent is larger than this page takes; nothing of it was stored.",
)
TOO_SLOW = ErrorPage(
    heading="This took too long to arrive",
    message=(
        "The connection is very slow or was interrupted, so nothing of this page was stored. Please go "
        "back and send it again."
    ),
)
PAGES = {404: NO_SUCH_PAGE, 408: TOO_SLOW, 413: TOO_LARGE}
BUSY = ErrorPage(
    heading="The study is busy",
    message=(
        "Please try again in a moment. If you were sending an answer, it is not stored yet: go back and "
        "send it again. Everything before it is stored."
    ),
)
FULL = ErrorPage(
    heading="The study cannot store anything now",
    message=(
        "The server has no room left. What you were sending is not stored; everything before it is. "
        "Please tell the study team, and open your link again later."
    ),
)
BROKEN = ErrorPage(
    heading="Something went wrong on our side",
    message=(
        "Everything you sent before this page is stored. Please open your link again to go on; if it "
        "happens again, tell the study team."
    ),
)


OVERTAKEN = ErrorPage(
    heading="Someone was faster",
    message=(
        "Someone else changed this at the same moment, so nothing was stored. Please look again, then retry."
    ),
)
UNSTORABLE = ErrorPage(
    heading="This did not work", message="What was sent holds a letter that no database can, such as U+0000."
)
OURS = (NO_SUCH_PAGE, UNUSABLE, TOO_SLOW, TOO_LARGE, BUSY, FULL, BROKEN)
FOR_PROGRAMS = {
    404: "There is no such address in the API; /api/v1/docs lists those there are.",
    405: "This address does not take this method; /api/v1/docs lists what it takes.",
    408: "The call did not arrive within the time this server waits; nothing was stored.",
    413: "More was sent than this address takes; nothing was stored.",
    507: "The server's disk is full, so nothing was stored.",
    500: "Something went wrong on our side, and nothing was stored; the server's log says more.",
    503: "The database is busy, so nothing was stored. Please try again in a moment.",
}
SIGNED_OUT = (
    "Nothing was changed. What you sent stands below and nowhere else: copy it if you need it, sign in, and "
    "send it again."
)
STAFF = (
    *("/studies", "/question-sets", "/checkpoints", "/runs", "/bundles"),
    *("/account", "/users", "/audit"),
)
TO_STUDIES, TO_THE_DOOR = WayOn("To your studies", "/studies"), WayOn("Sign in", "/sign-in")
NEVER_SHOWN = {"password", "again", "current", "code", "ticket"}


def show_app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101  # registered for AppError only
    page = ErrorPage(heading="This did not work", message=error.message)
    return answer(request, page, error.status, retry_after(error))


def retry_after(error: AppError) -> dict[str, str]:
    return {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else {}


def answer(
    request: Request,
    page: ErrorPage,
    status: int,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[str] = (),
) -> Response:
    """A page for people, a problem (RFC 9457) for programs."""
    if is_api(request):
        words = FOR_PROGRAMS.get(status, page.message) if page in OURS else page.message
        return problem(request, status, words, errors, dict(headers or {}))
    is_staffs = request.url.path.startswith(STAFF)
    response = render(replace(page, way_on=TO_STUDIES) if is_staffs else page, status)
    response.headers.update(headers or {})
    return response


async def show_not_signed_in(request: Request, error: Exception) -> Response:
    """Lead to the door and back to the page; whoever was sending something is told how to keep it."""
    if is_api(request):
        return problem(request, 401, str(error))
    if request.method not in {"GET", "HEAD"}:
        page = ErrorPage(
            heading="You are signed out", message=SIGNED_OUT, kept=await sent(request), way_on=TO_THE_DOOR
        )
        return render(page, 401)
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", status_code=303)


async def show_not_yet(request: Request, error: Exception) -> Response:
    """Lead to what must be done first."""
    assert isinstance(error, NotYet)  # noqa: S101  # registered for NotYet only
    if request.method in {"GET", "HEAD"}:
        if "hx-request" in request.headers:
            return Response(status_code=403, headers={"HX-Redirect": error.path})
        return RedirectResponse(error.path, status_code=303)
    page = ErrorPage(
        heading="Something comes first",
        message=f"{error.message} Nothing was changed.",
        kept=await sent(request),
    )
    return render(replace(page, way_on=WayOn("Do it now", error.path)), 403)


async def sent(request: Request) -> dict[str, str]:
    """The fields of the form that was refused; a handler has read it already, or it is small."""
    if request.headers.get("content-type") != "application/x-www-form-urlencoded":
        return {}
    form = await request.form(max_files=0)
    return {key: value for key, value in form.items() if isinstance(value, str) and key not in NEVER_SHOWN}


def show_invalid_file(request: Request, error: Exception) -> Response:
    return answer(request, ErrorPage(heading="This file cannot be used", message=str(error)), 422)


def show_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for HTTPException only
    page = PAGES.get(error.status_code, UNUSABLE)
    if is_api(request) and error.status_code not in FOR_PROGRAMS:
        page = ErrorPage(
            heading=page.heading, message=error.detail
        )  # what is wrong with the call, as the framework says it
    return answer(request, page, error.status_code, error.headers)


def show_bad_address(request: Request, error: Exception) -> Response:
    """A person mistyped an address; a program learns what was wrong with its call."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for it only
    if not is_api(request):
        return answer(request, NO_SUCH_PAGE, 404)
    errors = [place(one["loc"], sentence(one)) for one in error.errors()]
    return problem(request, 422, "The call is not as it is documented.", errors)


def show_busy(request: Request, error: Exception) -> Response:
    """A lock or statement timed out, or the disk is full; nothing of the request was stored."""
    assert isinstance(error, OperationalError)  # noqa: S101  # registered for it only
    if is_full(error):
        log.error("the database's disk is full: nothing can be stored until there is room")
        return answer(request, FULL, HTTPStatus.INSUFFICIENT_STORAGE)
    log.warning("database busy: %s", type(error).__name__)
    return answer(request, BUSY, 503, {"Retry-After": "2"})


def show_overtaken(request: Request, error: Exception) -> Response:
    """Two requests made the same thing at once, and the database let the first one have it."""
    # PostgreSQL's own words name the values, which may be somebody's id or code.
    log.warning("lost a race: %s", type(getattr(error, "orig", error)).__name__)
    return answer(request, OVERTAKEN, 409)


def show_unstorable(request: Request, error: Exception) -> Response:
    """PostgreSQL does not even look for U+0000, so nothing there can have such a name."""
    log.warning("unstorable: %s", type(getattr(error, "orig", error)).__name__)
    if request.method in {"GET", "HEAD"}:
        return answer(request, NO_SUCH_PAGE, 404)
    return answer(request, UNSTORABLE, 422)


def let_go(_request: Request, _error: Exception) -> Response:
    """The client went away while it was sending: nobody reads an answer, and no fault is ours."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


def show_broken(request: Request, _error: Exception) -> Response:
    return answer(request, BROKEN, 500)


class PlainRefusals:
    """Turns the body limit's own answer, which is bare text, into a page or a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_replaced = False

        async def send_worded(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and is_bare_refusal(message):
                is_replaced = True
                await answer(Request(scope), TOO_LARGE, message["status"])(scope, receive, send)
            elif not is_replaced:
                await send(message)

        await self.app(scope, receive, send_worded)


def is_bare_refusal(message: Message) -> bool:
    kind = Headers(raw=message["headers"]).get("content-type", "")
    return message["status"] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and kind.startswith("text/plain")


def add_error_pages(app: FastAPI) -> None:
    app.add_exception_handler(NotSignedIn, show_not_signed_in)
    app.add_exception_handler(NotYet, show_not_yet)
    app.add_exception_handler(AppError, show_app_error)
    app.add_exception_handler(InvalidFile, show_invalid_file)
    app.add_exception_handler(HTTPException, show_http_error)
    app.add_exception_handler(RequestValidationError, show_bad_address)
    app.add_exception_handler(OperationalError, show_busy)
    app.add_exception_handler(IntegrityError, show_overtaken)
    app.add_exception_handler(DataError, show_unstorable)
    app.add_exception_handler(ClientDisconnect, let_go)
    app.add_exception_handler(Exception, show_broken)
