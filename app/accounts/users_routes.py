"""/users and /audit: who may sign in, and what was changed by whom. Admins only."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.accounts import queries
from app.accounts.listing import users_page
from app.accounts.pages import AuditPage
from app.paging import paged
from app.web.auth import desk
from app.web.shell import PageNumber, shell_of, show

router = APIRouter()


@router.get("/users")
def users(request: Request) -> Response:
    with desk(request, "admin") as at:
        page = users_page(request, at)
    return show(page)


@router.get("/audit")
def audit(
    request: Request,
    words: Annotated[str, Query(max_length=200)] = "",
    page: PageNumber = 1,
) -> Response:
    with desk(request, "admin") as at:
        some = partial(queries.some_events, at.session, words.replace("\0", ""))
        shown = AuditPage(
            shell=shell_of(request, at.person, "audit"),
            events=paged(some, page),
            words=words,
            path=str(request.url.include_query_params(words=words).remove_query_params("page")) + "&",
        )
    return show(shown)
