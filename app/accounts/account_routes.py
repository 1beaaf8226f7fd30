"""/account: one's own password, browsers and API tokens."""

from collections.abc import Mapping, Sequence
from typing import cast, get_args

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.accounts import passwords, queries, service, tokens
from app.accounts.account_page import account_page
from app.accounts.forms import TokenForm
from app.accounts.pages import NewPasswordPage, NewToken
from app.accounts.proof import wrong_in
from app.accounts.service import End
from app.accounts.turns import in_turn
from app.errors import Invalid
from app.settings import Settings
from app.web.auth import COOKIE, SCOPES, desk, make_token, session_token, token_hash
from app.web.cookies import drop_cookie, full_name
from app.web.forms import FormData, bind
from app.web.pages import render
from app.web.shell import go, show

router = APIRouter(prefix="/account")
CHANGED: dict[End, str] = {
    "sessions": "Your password is changed. Every other browser was signed out.",
    "sessions and tokens": "Your password is changed. Other browsers are signed out, and no token works.",
    "nothing": "Your password is changed. Whoever is signed in stays so.",
}


@router.get("")
def account(request: Request) -> Response:
    with desk(request) as at:
        page = account_page(request, at)
    return show(page)


@router.get("/new-password")
def new_password(request: Request) -> Response:
    """Asked of whoever signs in with a password that somebody else has seen."""
    with desk(request, despite="password") as at:
        page = NewPasswordPage(email=at.person.email, shortest=passwords.shortest(has_second_factor=False))
    return render(page)


@router.post("/password")
async def change_password(request: Request, data: FormData) -> Response:
    return await in_turn(request, set_password, request, data)


def set_password(request: Request, data: Mapping[str, str]) -> Response:
    """Look at the new password, then at the proof, whose code can be used once; then set it."""
    end = end_of(data)
    with desk(request, despite="password") as at:
        user = queries.user_by_id(at.session, at.person.id)
        must, email, has_factor = user.must_change_password, user.email, user.totp_secret is not None
    errors = wrong_in_new(data, email, has_second_factor=has_factor)
    if not errors:
        errors = wrong_in(request, data, "password")
    if errors:
        return sent_back(request, errors, must=must)
    password_hash = passwords.make_hash(data["password"], email, has_second_factor=has_factor)
    with desk(request, writing=True, despite="password") as at:
        user = queries.locked_user(at.session, at.person.id)
        keep = token_hash(session_token(request) or "")
        service.set_password(at.session, user, password_hash, "sessions and tokens" if must else end, keep)
    return go(request, "/studies" if must else "/account", "Your password is set." if must else CHANGED[end])


def end_of(data: Mapping[str, str]) -> End:
    chosen = data.get("end", "sessions")
    return cast("End", chosen) if chosen in get_args(End) else "sessions"


def wrong_in_new(data: Mapping[str, str], email: str, *, has_second_factor: bool) -> dict[str, str]:
    password = data.get("password", "")
    if password != data.get("again", ""):
        return {"again": "The two new passwords differ. Please type the same twice."}
    found = passwords.problem(password, email, has_second_factor=has_second_factor)
    if found is None and password == data.get("current"):
        found = "This is the password you have now. Please choose another."
    return {"password": found} if found else {}


def sent_back(request: Request, errors: Mapping[str, str], *, must: bool) -> Response:
    with desk(request, despite="password") as at:
        if must:
            return render(
                NewPasswordPage(
                    email=at.person.email, shortest=passwords.shortest(has_second_factor=False), errors=errors
                ),
                422,
            )
        page = account_page(request, at, form="password", errors=errors)
    return show(page, 422)


@router.post("/sessions/{session_id}/revoke")
def revoke_session(request: Request, session_id: int) -> Response:
    with desk(request, writing=True) as at:
        service.revoke_session(at.session, at.person, session_id)
    return go(request, "/account", "That browser is signed out.")


@router.post("/sign-out-everywhere")
def sign_out_everywhere(request: Request) -> Response:
    with desk(request, writing=True) as at:
        service.sign_out_everywhere(at.session, at.person)
    response = go(request, "/sign-in")
    drop_cookie(response, full_name(request, COOKIE))
    return response


@router.post("/tokens")
async def make_api_token(request: Request, data: FormData) -> Response:
    return await in_turn(request, new_api_token, request, data)


def new_api_token(request: Request, data: Mapping[str, str]) -> Response:
    """Show the token in the answer itself: it is stored nowhere, so there is no page to redirect to."""
    bound = bind(TokenForm, data)
    chosen = [scope for scope in SCOPES if f"scope {scope}" in data]
    form, errors = bound.value, dict(bound.errors)
    if form is not None:
        errors = wrong_in_token(request, form, chosen) or wrong_in(request, data)
    if form is None or errors:
        with desk(request) as at:
            page = account_page(request, at, form="token", data=data, errors=errors)
        return show(page, 422)
    token = f"hg_{make_token()}"
    with desk(request, writing=True) as at:
        tokens.make(at.session, at.person, form.name, token_hash(token), chosen, form.days)
        page = account_page(request, at, new_token=NewToken(form.name, token))
    return show(page)


def wrong_in_token(request: Request, form: TokenForm, scopes: Sequence[str]) -> dict[str, str]:
    settings: Settings = request.app.state.settings
    with desk(request):  # whoever is signed out learns that, and nothing else
        try:
            tokens.check(form.name, scopes, form.days, settings.token_days)
        except Invalid as refused:
            return {"token": refused.message}
    return {}


@router.post("/tokens/{token_id}/revoke")
def revoke_api_token(request: Request, token_id: int) -> Response:
    with desk(request, writing=True) as at:
        tokens.revoke(at.session, at.person, token_id)
    return go(request, "/account", "The token works no more.")
