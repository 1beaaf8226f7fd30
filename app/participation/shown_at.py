"""When an item was first shown: signed into its form and a cookie, since showing a page writes nothing."""

from dataclasses import replace
from datetime import UTC, datetime

from fastapi import Request
from fastapi.responses import Response

from app.participation.pages import RatePage
from app.participation.queries import Visit
from app.web.cookies import sent_cookie
from app.web.pages import render
from app.web.signing import Signing

COOKIE = "shown"


def with_time_of_showing(request: Request, visit: Visit, page: RatePage) -> Response:
    """The page with the time it was first shown; reloading it keeps the first time."""
    signing: Signing = request.app.state.signing
    token = sent_cookie(request, COOKIE) or ""
    if read_shown_at(request, visit, token) is not None:
        return render(replace(page, shown=token))
    milliseconds = int(visit.now.timestamp() * 1000)
    token = signing.sign("shown", f"{visit.code} {page.position} {milliseconds}")
    response = render(replace(page, shown=token))
    response.set_cookie(
        COOKIE,
        token,
        path=f"/p/{visit.code}",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def read_shown_at(request: Request, visit: Visit, token: str) -> datetime | None:
    """The time a token tells, if it was signed for this participant's present item."""
    signing: Signing = request.app.state.signing
    value = signing.read("shown", token)
    prefix = f"{visit.code} {visit.items_answered + 1} "
    if value is None or not value.startswith(prefix):
        return None
    return datetime.fromtimestamp(int(value.removeprefix(prefix)) / 1000, UTC)
