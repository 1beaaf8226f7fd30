"""What the ways in share: where somebody goes next, and who has tried too often."""

from fastapi import Request
from fastapi.responses import Response

from app.accounts import attempts, browsers
from app.errors import TooMany
from app.web import auth
from app.web.pages import Page, render


def own_path(path: str) -> str:
    """A path of this site, whatever the address asked for: another site's would be a trap."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours and "\\" not in path else "/studies"


def door_counters(request: Request, email: str) -> list[attempts.Counter]:
    account = browsers.account_key(request, email)
    return attempts.at_the_door(account, auth.address_of(request), browsers.name_of(request, account))


def too_many(page: Page, refused: TooMany) -> Response:
    response = render(page, 429)
    response.headers["Retry-After"] = str(refused.retry_after_s)
    return response
