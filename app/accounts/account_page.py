"""A person's own account, as its page and the forms on it show it."""

from collections.abc import Mapping
from datetime import UTC, datetime

from fastapi import Request

from app.accounts import passwords, queries
from app.accounts.pages import AccountForm, AccountPage, NewToken
from app.settings import Settings
from app.web.auth import SCOPES, Desk, current
from app.web.shell import shell_of


def account_page(
    request: Request,
    at: Desk,
    *,
    new_token: NewToken | None = None,
    form: AccountForm | None = None,
    data: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> AccountPage:
    """The page; `form` names the one that was sent and comes back with `data` and `errors`."""
    user = queries.user_by_id(at.session, at.person.id)
    settings: Settings = request.app.state.settings
    here = current(at.session, request)
    return AccountPage(
        shell=shell_of(request, at.person, "account"),
        sessions=queries.sessions_of(at.session, user.id, datetime.now(UTC)),
        here=here.here.id if here else 0,
        tokens=queries.tokens_of(at.session, user.id),
        scopes=SCOPES,
        longest_days=settings.token_days,
        shortest=passwords.shortest(has_second_factor=user.totp_secret is not None),
        has_second_factor=user.totp_secret is not None,
        needs_second_factor=settings.needs_second_factor(user.role),
        new_token=new_token,
        form=form,
        data=data or {},
        errors=errors or {},
    )
