"""Every error a browser sees is a page that says what happened and what to do; never a trace."""

import logging
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from app.contract.base import InvalidFile
from app.errors import AppError, NotSignedIn, TooMany
from app.web.pages import Page, render

log = logging.getLogger("honeyglass")


@dataclass(frozen=True)
class ErrorPage(Page):
    template = "errors/error.html"
    heading: str
    message: str
    contact: str | None = None


NO_SUCH_PAGE = ErrorPage("There is no such page", "Please check the address, or open the study's link again.")
BUSY = ErrorPage(
    "The study is busy",
    "Please try again in a moment. If you were sending an answer, it is not stored yet: go back and send it "
    "again. Everything before it is stored.",
)
BROKEN = ErrorPage(
    "Something went wrong on our side",
    "Everything you sent before this page is stored. Please open your link again to go on; if it happens "
    "again, tell the study team.",
)


SIGNED_OUT = ErrorPage(
    "You are signed out",
    "Nothing was changed. Please sign in in another tab; then come back here, go back one page, where what "
    "you typed still stands, and send it again.",
)


def show_app_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101  # registered for AppError only
    response = render(ErrorPage("This did not work", error.message), error.status)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def show_not_signed_in(request: Request, _error: Exception) -> Response:
    """Lead to the door and back to the page; whoever was sending something is told how to keep it."""
    if request.method not in {"GET", "HEAD"}:
        return render(SIGNED_OUT, 401)
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", status_code=303)


def show_invalid_file(_request: Request, error: Exception) -> Response:
    return render(ErrorPage("This file cannot be used", str(error)), 422)


def show_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for HTTPException only
    if error.status_code == 404:  # noqa: PLR2004  # the one status with words of its own
        return render(NO_SUCH_PAGE, 404)
    page = ErrorPage("This did not work", "The page cannot be used in this way. Please open your link again.")
    response = render(page, error.status_code)
    response.headers.update(error.headers or {})
    return response


def show_bad_address(_request: Request, _error: Exception) -> Response:
    return render(NO_SUCH_PAGE, 404)


def show_busy(_request: Request, error: Exception) -> Response:
    """A lock or statement timed out; nothing of the request was stored."""
    log.warning("database busy: %s", type(error).__name__)
    response = render(BUSY, 503)
    response.headers["Retry-After"] = "2"
    return response


def show_broken(_request: Request, _error: Exception) -> Response:
    return render(BROKEN, 500)


def add_error_pages(app: FastAPI) -> None:
    app.add_exception_handler(NotSignedIn, show_not_signed_in)
    app.add_exception_handler(AppError, show_app_error)
    app.add_exception_handler(InvalidFile, show_invalid_file)
    app.add_exception_handler(HTTPException, show_http_error)
    app.add_exception_handler(RequestValidationError, show_bad_address)
    app.add_exception_handler(OperationalError, show_busy)
    app.add_exception_handler(Exception, show_broken)
