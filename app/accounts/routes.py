"""The door: signing in, with a second factor where there is one, signing out, one-time links."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.accounts import attempts, browsers, passwords, service
from app.accounts.door import door_counters, own_path, too_many
from app.accounts.forms import SignInForm
from app.accounts.pages import CodePage, ResetPage, SignInPage
from app.accounts.proof import seal_of
from app.accounts.service import Browser
from app.accounts.turns import in_turn
from app.audit import Actor, act_as
from app.errors import Invalid, TooMany
from app.models import User
from app.web import auth
from app.web.cookies import drop_cookie, full_name, set_cookie
from app.web.db import transaction
from app.web.forms import FormData, bind
from app.web.pages import render
from app.web.shell import go
from app.web.signing import Signing

router = APIRouter()
NOBODY = "not signed in"
WRONG = "E-mail address or password is not right."
WRONG_CODE = "This code is not right, or it was used already. Please try the next one."
TICKET_S = 300


@router.get("/")
def home() -> RedirectResponse:
    return RedirectResponse("/studies", status_code=303)


@router.get("/sign-in")
def sign_in_page(request: Request, wanted: Annotated[str, Query(alias="next")] = "") -> Response:
    with transaction(request) as session:
        found = auth.current(session, request)
    if found is not None:
        return RedirectResponse(own_path(wanted), status_code=303)
    return render(SignInPage(next_path=own_path(wanted)))


@router.post("/sign-in")
async def sign_in(request: Request, data: FormData) -> Response:
    path, email = own_path(data.get("next", "")), data.get("email", "").strip().lower()
    form = bind(SignInForm, data).value
    if form is None:
        return render(SignInPage(email=email[:300], next_path=path, problem=WRONG), 422)
    try:
        return await in_turn(request, check_password, request, email, form.password, path)
    except TooMany as refused:
        return too_many(SignInPage(email=email, next_path=path, problem=refused.message), refused)


def check_password(request: Request, email: str, password: str, path: str) -> Response:
    """Verify outside of any transaction: a hash takes a fifth of a second."""
    counters = door_counters(request, email)
    with transaction(request, writing=True) as session:
        attempts.count(session, counters, datetime.now(UTC))
        stored = service.stored_hash(session, email)
    if not passwords.is_right(password, stored) or stored is None:
        with transaction(request, writing=True) as session:
            act_as(session, Actor(NOBODY, auth.address_of(request)))
            service.note_failure(session, email)
        return render(SignInPage(email=email, next_path=path, problem=WRONG), 401)
    return finish(request, email, service.proof_of(stored), path, code=None)


@router.post("/sign-in/code")
async def sign_in_code(request: Request, data: FormData) -> Response:
    path = own_path(data.get("next", ""))
    email, proof = read_ticket(request, data.get("ticket", ""))
    if email is None:
        return render(SignInPage(next_path=path, problem="That took too long. Please sign in again."), 401)
    try:
        return await in_turn(request, check_code, request, email, proof, path, data.get("code", ""))
    except TooMany as refused:
        return too_many(CodePage(ticket=data["ticket"], next_path=path, problem=refused.message), refused)


def check_code(request: Request, email: str, proof: str, path: str, code: str) -> Response:
    with transaction(request, writing=True) as session:
        attempts.count(session, door_counters(request, email), datetime.now(UTC))
    return finish(request, email, proof, path, code)


def finish(request: Request, email: str, proof: str, path: str, code: str | None) -> Response:
    """Start the session, under a new token whatever cookie the browser came with."""
    token = auth.make_token()
    browser = Browser(
        token_sha256=auth.token_hash(token),
        before_sha256=auth.token_hash(auth.session_token(request) or ""),
        address=auth.address_of(request),
        user_agent=auth.agent_of(request),
    )
    with transaction(request, writing=True) as session:
        act_as(session, Actor(email, browser.address))
        outcome = service.sign_in(session, email, proof, browser, code, seal_of(request))
        if outcome == "done":
            attempts.forgive(session, door_counters(request, email))
    if outcome == "code" or (outcome == "failed" and code is not None):
        problem = WRONG_CODE if outcome == "failed" else ""
        return render(
            CodePage(ticket=make_ticket(request, email, proof), next_path=path, problem=problem),
            401 if problem else 200,
        )
    if outcome == "failed":
        return render(SignInPage(email=email, next_path=path, problem=WRONG), 401)
    response = RedirectResponse(path, status_code=303)
    lifetime_s = int(service.SESSION_LIFETIME.total_seconds())
    set_cookie(request, response, auth.COOKIE, token, lifetime_s)
    browsers.remember(request, response, browsers.account_key(request, email))
    return response


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    with transaction(request, writing=True) as session:
        found = auth.current(session, request)
        if found is not None:
            person = auth.person_of(found.user)
            act_as(session, Actor(person.email, auth.address_of(request)))
            service.sign_out(session, person, found.here.token_sha256)
    response = go(request, "/sign-in")
    drop_cookie(response, full_name(request, auth.COOKIE))
    return response


@router.get("/reset/{token}")
def reset_page(request: Request, token: str) -> Response:
    with transaction(request) as session:
        page = page_of_link(service.user_of_link(session, auth.token_hash(token)))
    return render(page)


def page_of_link(user: User) -> ResetPage:
    return ResetPage(
        email=user.email, shortest=passwords.shortest(has_second_factor=user.totp_secret is not None)
    )


@router.post("/reset/{token}")
async def reset(request: Request, token: str, data: FormData) -> Response:
    return await in_turn(request, reset_password, request, token, data)


def reset_password(request: Request, token: str, data: Mapping[str, str]) -> Response:
    """Set the password, end everything that the old one had opened, and let the owner in from here."""
    with transaction(request) as session:
        user = service.user_of_link(session, auth.token_hash(token))
        page, email, has_second_factor = page_of_link(user), user.email, user.totp_secret is not None
    password = data.get("password", "")
    if password != data.get("again", ""):
        return render(replace(page, problem="The two passwords differ. Please type the same twice."), 422)
    try:
        password_hash = passwords.make_hash(password, email, has_second_factor=has_second_factor)
    except Invalid as refused:
        return render(replace(page, problem=refused.message), 422)
    account = browsers.account_key(request, email)
    with transaction(request, writing=True) as session:
        act_as(session, Actor(email, auth.address_of(request)))
        service.set_password(session, service.user_of_link(session, auth.token_hash(token)), password_hash)
        attempts.lift(session, account)
    response = RedirectResponse("/sign-in", status_code=303)
    browsers.remember(request, response, account)
    return response


def make_ticket(request: Request, email: str, proof: str) -> str:
    signing: Signing = request.app.state.signing
    expires = int(datetime.now(UTC).timestamp()) + TICKET_S
    return signing.sign("second factor", f"{expires} {proof} {email}")


def read_ticket(request: Request, ticket: str) -> tuple[str | None, str]:
    """Whose password was right within the last minutes, and what proves it."""
    signing: Signing = request.app.state.signing
    expires, _, rest = (signing.read("second factor", ticket) or "").partition(" ")
    proof, _, email = rest.partition(" ")
    if not expires or int(expires) < datetime.now(UTC).timestamp():
        return None, ""
    return email, proof
