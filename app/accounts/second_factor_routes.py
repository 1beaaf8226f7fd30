"""/account/second-factor: set up, replace or turn off one's second factor."""

from collections.abc import Mapping
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.accounts import passwords, queries, second_factor
from app.accounts.account_page import account_page
from app.accounts.browsers import signing_of
from app.accounts.pages import SecondFactorPage
from app.accounts.proof import seal_of, wrong_in
from app.accounts.turns import in_turn
from app.errors import Conflict, Invalid
from app.settings import Settings
from app.web.auth import Desk, desk, session_token, token_hash
from app.web.forms import FormData
from app.web.shell import go, shell_of, show

router = APIRouter(prefix="/account/second-factor")
TICKET_S = 600
PURPOSE = "set up second factor"
WRONG_CODE = "This code is not right. Check that the clock of your phone is right, and try the next one."


@router.get("")
def second_factor_page(request: Request) -> Response:
    seed = second_factor.make_secret()
    with desk(request, despite="second factor") as at:
        page = set_up_page(request, at, seed, make_ticket(request, seed), {})
    return show(page)


def set_up_page(
    request: Request, at: Desk, seed: str, ticket: str, errors: Mapping[str, str]
) -> SecondFactorPage:
    user = queries.user_by_id(at.session, at.person.id)
    settings: Settings = request.app.state.settings
    return SecondFactorPage(
        shell=shell_of(request, at.person, "account"),
        secret=seed,
        ticket=ticket,
        qr_code=second_factor.qr_code(second_factor.uri(seed, at.person.email)),
        has_second_factor=user.totp_secret is not None,
        is_required=settings.needs_second_factor(user.role),
        errors=errors,
    )


@router.post("")
async def turn_on(request: Request, data: FormData) -> Response:
    return await in_turn(request, set_up, request, data)


def set_up(request: Request, data: Mapping[str, str]) -> Response:
    ticket, now = data.get("ticket", ""), datetime.now(UTC)
    with desk(request, despite="second factor"):
        seed = read_ticket(request, ticket)
    step = second_factor.matching_step(seed, data.get("new_code", ""), now)
    errors = {"new_code": WRONG_CODE} if step is None else wrong_in(request, data, "second factor")
    if step is None or errors:
        with desk(request, despite="second factor") as at:
            page = set_up_page(request, at, seed, ticket, errors)
        return show(page, 422)
    with desk(request, writing=True, despite="second factor") as at:
        user = queries.locked_user(at.session, at.person.id)
        second_factor.turn_on(user, seed, step, seal_of(request))
    return go(request, "/account", "Signing in now asks for a code from your phone as well.")


@router.post("/off")
async def turn_off(request: Request, data: FormData) -> Response:
    return await in_turn(request, off, request, data)


def off(request: Request, data: Mapping[str, str]) -> Response:
    settings: Settings = request.app.state.settings
    with desk(request) as at:
        if settings.needs_second_factor(at.person.role):
            raise Conflict(
                "This server asks you for a second factor. You can replace it, but not turn it off."
            )
    errors = too_short_in(data) or wrong_in(request, data)
    if errors:
        with desk(request) as at:
            page = account_page(request, at, form="off", errors=errors)
        return show(page, 422)
    with desk(request, writing=True) as at:
        second_factor.turn_off(queries.locked_user(at.session, at.person.id))
    return go(request, "/account", "Signing in asks for your password alone.")


def too_short_in(data: Mapping[str, str]) -> dict[str, str]:
    """Asked of what was typed, right or wrong: so it tells nothing of the password and uses up no code."""
    at_least = passwords.shortest(has_second_factor=False)
    if len(data.get("current", "")) >= at_least:
        return {}
    return {
        "current": f"A password without a code needs at least {at_least} characters, and this one has fewer. "
        "Please change your password above first, then turn the code off."
    }


def make_ticket(request: Request, seed: str) -> str:
    """What lets this session alone set up this seed, for some minutes."""
    expires = int(datetime.now(UTC).timestamp()) + TICKET_S
    return signing_of(request).sign(PURPOSE, f"{expires} {here(request)} {seed}")


def read_ticket(request: Request, ticket: str) -> str:
    """The seed. Raises: Invalid for another session's ticket, or one that is too old."""
    expires, _, rest = (signing_of(request).read(PURPOSE, ticket) or "").partition(" ")
    session, _, seed = rest.partition(" ")
    if session != here(request) or int(expires) < datetime.now(UTC).timestamp():
        raise Invalid(
            "This form is not yours, or it is too old. Please open your account page and begin again."
        )
    return seed


def here(request: Request) -> str:
    return token_hash(session_token(request) or "")
