"""The list of accounts, as its page and the deeds on it show it."""

from collections.abc import Mapping

from fastapi import Request

from app.access import ROLES
from app.accounts import queries
from app.accounts.pages import UsersPage
from app.web.auth import Desk
from app.web.shell import shell_of


def users_page(
    request: Request,
    at: Desk,
    *,
    link: str = "",
    link_for: str = "",
    problem: str = "",
    data: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> UsersPage:
    """The list; `data` and `errors` are of the form that adds somebody, when it comes back."""
    return UsersPage(
        shell=shell_of(request, at.person, "users"),
        users=queries.users(at.session),
        roles=ROLES,
        me=at.person.id,
        link=link,
        link_for=link_for,
        problem=problem,
        data=data or {},
        errors=errors or {},
    )
