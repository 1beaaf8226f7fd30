"""The way back to the platform after erasing: the browser keeps the address with the id, we do not."""

from dataclasses import replace

from fastapi import Request
from fastapi.responses import Response

from app.participation.pages import CompletedPage
from app.participation.queries import Visit
from app.web.cookies import sent_cookie
from app.web.signing import Signing

COOKIE = "return"
KEPT_S = 90 * 24 * 3600


def keep_link(request: Request, response: Response, visit: Visit, link: str) -> None:
    signing: Signing = request.app.state.signing
    response.set_cookie(
        COOKIE,
        signing.sign("return", f"{visit.code} {link}"),
        path=f"/p/{visit.code}",
        max_age=KEPT_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def with_kept_link(request: Request, visit: Visit, page: CompletedPage) -> CompletedPage:
    """The page with the address this browser keeps; without one, an address that needs no id."""
    signing: Signing = request.app.state.signing
    told = signing.read("return", sent_cookie(request, COOKIE) or "") or ""
    code, _, link = told.partition(" ")
    if code == visit.code and link:
        return replace(page, return_url=link)
    needs_id = "{external_id}" in (visit.study.completion_url or "")
    return replace(page, return_url=None) if needs_id else page
