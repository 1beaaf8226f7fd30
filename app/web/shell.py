"""What staff pages share: who is signed in, where in the product one is, a notice after a redirect."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access import Person
from app.web.cookies import drop_cookie, full_name, read_cookie, set_cookie
from app.web.pages import Page, render
from app.web.signing import Signing

NOTICE = "notice"
NOTICE_S = 30
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
LONGEST_NOTICE = 300  # a cookie holds 4 KB, and a letter may take nine bytes of it


@dataclass(frozen=True)
class Shell:
    """`section` is the entry of the navigation one is in; `notice` says what has just been done."""

    email: str
    role: str
    section: str
    notice: str = ""
    notice_cookie: str = ""  # as the browser names it; forgotten once the notice is shown

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def is_researcher(self) -> bool:
        return self.role in {"researcher", "admin"}


@dataclass(frozen=True, kw_only=True)
class ShellPage(Page):
    shell: Shell


def shell_of(request: Request, person: Person, section: str) -> Shell:
    signing: Signing = request.app.state.signing
    notice = unquote(signing.read("notice", read_cookie(request, NOTICE) or "") or "")
    return Shell(
        email=person.email,
        role=person.role,
        section=section,
        notice=notice,
        notice_cookie=full_name(request, NOTICE),
    )


def go(request: Request, path: str, notice: str = "") -> RedirectResponse:
    """Redirect after a change; the next page shows the notice once. `path` is our own, never a visitor's."""
    signing: Signing = request.app.state.signing
    response = RedirectResponse(path, status_code=303)
    if notice:
        value = signing.sign("notice", quote(notice[:LONGEST_NOTICE]))
        set_cookie(request, response, NOTICE, value, NOTICE_S, "strict")
    return response


def show(page: ShellPage, status: int = 200) -> HTMLResponse:
    response = render(page, status)
    if page.shell.notice:
        drop_cookie(response, page.shell.notice_cookie, "strict")
    return response
