"""The door: signing in, with a second factor where there is one, signing out, one-time links."""

from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.accounts import passwords, service
from app.accounts.attempts import Attempts
from app.accounts.forms import SignInForm
from app.accounts.pages import CodePage, ResetPage, SignInPage
from app.accounts.service import Browser
from app.audit import Actor, act_as, record
from app.errors import Invalid, TooMany
from app.web import auth
from app.web.db import transaction
from app.web.forms import FormData, bind
from app.web.pages import Page, render
from app.web.shell import go
from app.web.signing import Signing

router = APIRouter()
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
def sign_in(request: Request, data: FormData) -> Response:
    """Verify outside of any transaction: a hash takes a tenth of a second."""
    path, email = own_path(data.get("next", "")), data.get("email", "").strip().lower()
    form = bind(SignInForm, data).value
    if form is None:
        return render(SignInPage(email[:300], path, WRONG), 422)
    try:
        attempts(request).count(email, auth.address_of(request))
    except TooMany as refused:
        return too_many(SignInPage(email, path, refused.message), refused)
    with transaction(request) as session:
        stored = service.stored_hash(session, email)
    if not passwords.is_right(form.password, stored) or stored is None:
        with transaction(request, writing=True) as session:
            act_as(session, Actor(email, auth.address_of(request)))
            record(session, "sign_in.failed", email, after={"because": "wrong password"})
        return render(SignInPage(email, path, WRONG), 401)
    return finish(request, email, service.proof_of(stored), path, code=None)


@router.post("/sign-in/code")
def sign_in_code(request: Request, data: FormData) -> Response:
    path = own_path(data.get("next", ""))
    email, proof = read_ticket(request, data.get("ticket", ""))
    if email is None:
        return render(SignInPage(next_path=path, problem="That took too long. Please sign in again."), 401)
    try:
        attempts(request).count(email, auth.address_of(request))
    except TooMany as refused:
        return too_many(CodePage(data["ticket"], path, refused.message), refused)
    return finish(request, email, proof, path, code=data.get("code", ""))


def finish(request: Request, email: str, proof: str, path: str, code: str | None) -> Response:
    """Start the session, under a new token whatever cookie the browser came with."""
    token = auth.make_token()
    browser = Browser(auth.token_hash(token), auth.address_of(request), auth.agent_of(request))
    with transaction(request, writing=True) as session:
        act_as(session, Actor(email, browser.address))
        outcome = service.sign_in(session, email, proof, browser, code)
    if outcome == "code" or (outcome == "failed" and code is not None):
        problem = WRONG_CODE if outcome == "failed" else ""
        return render(CodePage(make_ticket(request, email, proof), path, problem), 401 if problem else 200)
    if outcome == "failed":
        return render(SignInPage(email, path, WRONG), 401)
    attempts(request).forgive(email, browser.address)
    response = RedirectResponse(path, status_code=303)
    response.set_cookie(
        auth.cookie_name(request),
        token,
        max_age=int(service.SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    with transaction(request, writing=True) as session:
        found = auth.current(session, request)
        if found is not None:
            act_as(session, Actor(found[0].email, auth.address_of(request)))
            service.sign_out(session, found[0], found[1].token_sha256)
    response = go(request, "/sign-in")
    response.delete_cookie(
        auth.cookie_name(request), httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    return response


@router.get("/reset/{token}")
def reset_page(request: Request, token: str) -> Response:
    with transaction(request) as session:
        email = service.user_of_link(session, auth.token_hash(token)).email
    return render(ResetPage(email))


@router.post("/reset/{token}")
def reset(request: Request, token: str, data: FormData) -> Response:
    with transaction(request) as session:
        email = service.user_of_link(session, auth.token_hash(token)).email
    password = data.get("password", "")
    if password != data.get("again", ""):
        return render(ResetPage(email, "The two passwords differ. Please type the same twice."), 422)
    try:
        password_hash = passwords.make_hash(password, email)
    except Invalid as refused:
        return render(ResetPage(email, refused.message), 422)
    with transaction(request, writing=True) as session:
        act_as(session, Actor(email, auth.address_of(request)))
        user = service.user_of_link(session, auth.token_hash(token))
        service.set_password(session, user, password_hash)
    return RedirectResponse("/sign-in", status_code=303)


def own_path(path: str) -> str:
    """A path of this site, whatever the address asked for: another site's would be a trap."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours and "\\" not in path else "/studies"


def attempts(request: Request) -> Attempts:
    return cast("Attempts", request.app.state.attempts)


def too_many(page: Page, refused: TooMany) -> Response:
    response = render(page, 429)
    response.headers["Retry-After"] = str(refused.retry_after_s)
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
