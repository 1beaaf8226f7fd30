"""/account: one's own password, second factor, browsers and API tokens."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.accounts import passwords, queries, second_factor, service, tokens
from app.accounts.forms import TokenForm
from app.accounts.pages import AccountPage, NewToken, SecondFactorPage
from app.accounts.routes import attempts
from app.errors import Invalid
from app.web.auth import SCOPES, Desk, address_of, current, desk, make_token, session_token, token_hash
from app.web.forms import FormData, bind
from app.web.shell import go, shell_of, show
from app.web.signing import Signing

router = APIRouter(prefix="/account")


@router.get("")
def account(request: Request) -> Response:
    with desk(request) as at:
        page = account_page(request, at)
    return show(page)


def account_page(
    request: Request,
    at: Desk,
    *,
    new_token: NewToken | None = None,
    data: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> AccountPage:
    user = queries.user_by_id(at.session, at.person.id)
    here = current(at.session, request)
    return AccountPage(
        shell_of(request, at.person, "account"),
        sessions=queries.sessions_of(at.session, user.id, datetime.now(UTC)),
        here=here[1].id if here else 0,
        tokens=queries.tokens_of(at.session, user.id),
        scopes=SCOPES,
        has_second_factor=user.totp_secret is not None,
        new_token=new_token,
        data=data or {},
        errors=errors or {},
    )


@router.post("/password")
def change_password(request: Request, data: FormData) -> Response:
    """Hash outside of any transaction; the second one looks again at what the first one saw."""
    with desk(request) as at:
        user = queries.user_by_id(at.session, at.person.id)
        email, stored = user.email, user.password_hash
    attempts(request).count(email, address_of(request))
    errors, password_hash = {}, ""
    if not passwords.is_right(data.get("current", ""), stored):
        errors = {"current": "This is not your password."}
    elif data.get("password", "") != data.get("again", ""):
        errors = {"again": "The two new passwords differ. Please type the same twice."}
    else:
        try:
            password_hash = passwords.make_hash(data.get("password", ""), email)
        except Invalid as refused:
            errors = {"password": refused.message}
    if errors:
        with desk(request) as at:
            page = account_page(request, at, errors=errors)
        return show(page, 422)
    with desk(request, writing=True) as at:
        user = queries.user_by_id(at.session, at.person.id)
        service.set_password(at.session, user, password_hash, keep=token_hash(session_token(request) or ""))
    attempts(request).forgive(email, address_of(request))
    return go(request, "/account", "Your password is changed. Every other browser was signed out.")


@router.post("/sessions/{session_id}/revoke")
def revoke_session(request: Request, session_id: int) -> Response:
    with desk(request, writing=True) as at:
        service.revoke_session(at.session, at.person, session_id)
    return go(request, "/account", "That browser is signed out.")


@router.post("/tokens")
def make_api_token(request: Request, data: FormData) -> Response:
    """Show the token in the answer itself: it is stored nowhere, so there is no page to redirect to."""
    bound = bind(TokenForm, data)
    token = f"hg_{make_token()}"
    chosen = [scope for scope in SCOPES if f"scope {scope}" in data]
    errors = dict(bound.errors)
    with desk(request, writing=True) as at:
        if bound.value is not None:
            try:
                tokens.make(
                    at.session, at.person, bound.value.name, token_hash(token), chosen, bound.value.days
                )
            except Invalid as refused:
                errors = {"token": refused.message}
        new = None if errors or bound.value is None else NewToken(bound.value.name, token)
        page = account_page(request, at, new_token=new, data=dict(data), errors=errors)
    return show(page, 422 if errors else 200)


@router.post("/tokens/{token_id}/revoke")
def revoke_api_token(request: Request, token_id: int) -> Response:
    with desk(request, writing=True) as at:
        tokens.revoke(at.session, at.person, token_id)
    return go(request, "/account", "The token works no more.")


@router.get("/second-factor")
def second_factor_page(request: Request) -> Response:
    with desk(request) as at:
        page = set_up_page(request, at, second_factor.make_secret())
    return show(page)


def set_up_page(request: Request, at: Desk, secret: str, problem: str = "") -> SecondFactorPage:
    signing: Signing = request.app.state.signing
    return SecondFactorPage(
        shell_of(request, at.person, "account"),
        secret=secret,
        ticket=signing.sign("set up second factor", f"{at.person.id} {secret}"),
        qr_code=second_factor.qr_code(second_factor.uri(secret, at.person.email)),
        problem=problem,
    )


@router.post("/second-factor")
def turn_on_second_factor(request: Request, data: FormData) -> Response:
    signing: Signing = request.app.state.signing
    owner, _, secret = (signing.read("set up second factor", data.get("ticket", "")) or "").partition(" ")
    with desk(request, writing=True) as at:
        if owner != str(at.person.id):
            raise Invalid("This form is not yours. Please open your account page and begin again.")
        try:
            user = queries.user_by_id(at.session, at.person.id)
            second_factor.turn_on(user, secret, data.get("code", ""), datetime.now(UTC))
            page = None
        except Invalid as refused:
            page = set_up_page(request, at, secret, refused.message)
    if page is not None:
        return show(page, 422)
    return go(request, "/account", "Signing in now asks for a code from your phone as well.")


@router.post("/second-factor/off")
def turn_off_second_factor(request: Request, data: FormData) -> Response:
    with desk(request) as at:
        email, stored = at.person.email, queries.user_by_id(at.session, at.person.id).password_hash
    attempts(request).count(email, address_of(request))
    if not passwords.is_right(data.get("current", ""), stored):
        with desk(request) as at:
            page = account_page(request, at, errors={"off": "This is not your password."})
        return show(page, 422)
    with desk(request, writing=True) as at:
        second_factor.turn_off(queries.user_by_id(at.session, at.person.id))
    return go(request, "/account", "Signing in asks for your password alone.")
