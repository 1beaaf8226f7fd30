"""/users and /audit: who may sign in, and what was changed by whom. Admins only."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.accounts import queries
from app.accounts.listing import users_page
from app.accounts.pages import AuditPage
from app.web.auth import desk
from app.web.shell import shell_of, show

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
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    with desk(request, "admin") as at:
        found, has_more = queries.events(at.session, words.replace("\0", ""), page)
        shown = AuditPage(
            shell_of(request, at.person, "audit"),
            events=found,
            words=words,
            path=str(request.url.include_query_params(words=words).remove_query_params("page")) + "&",
            page=page,
            has_more=has_more,
        )
    return show(shown)
