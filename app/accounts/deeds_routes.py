"""POST /users…: what admins do with accounts. A stolen session does none of it: the proof is asked each time.

A form from the list brings no proof, so it is answered with a page that says what will happen and asks for
one. That page sends the same form again, with the proof.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.accounts import deeds, queries
from app.accounts.deeds import Plan
from app.accounts.door import too_many
from app.accounts.listing import users_page
from app.accounts.pages import ProvePage
from app.accounts.proof import wrong_in
from app.accounts.turns import in_turn
from app.errors import AppError, Conflict, Invalid, TooMany
from app.web.address import public_address
from app.web.auth import desk
from app.web.forms import FormData
from app.web.shell import go, shell_of, show

router = APIRouter(prefix="/users")


@router.post("")
async def add_user(request: Request, data: FormData) -> Response:
    return await in_turn(request, ask_or_do, request, data, partial(deeds.add, data=data))


@router.post("/{user_id}/reset-link")
async def make_reset_link(request: Request, user_id: int, data: FormData) -> Response:
    return await in_turn(request, ask_or_do, request, data, partial(deeds.make_link, user_id=user_id))


@router.post("/{user_id}/role")
async def change_role(request: Request, user_id: int, data: FormData) -> Response:
    plan = partial(deeds.change_role, user_id=user_id, data=data)
    return await in_turn(request, ask_or_do, request, data, plan)


@router.post("/{user_id}/deactivate")
async def deactivate(request: Request, user_id: int, data: FormData) -> Response:
    return await in_turn(request, ask_or_do, request, data, partial(deeds.deactivate, user_id=user_id))


@router.post("/{user_id}/activate")
async def activate(request: Request, user_id: int, data: FormData) -> Response:
    return await in_turn(request, ask_or_do, request, data, partial(deeds.activate, user_id=user_id))


@router.post("/{user_id}/second-factor-off")
async def turn_off_second_factor(request: Request, user_id: int, data: FormData) -> Response:
    plan = partial(deeds.turn_off_second_factor, user_id=user_id)
    return await in_turn(request, ask_or_do, request, data, plan)


def ask_or_do(request: Request, data: Mapping[str, str], plan: Plan) -> Response:
    """What speaks against the deed is said before the proof is looked at, so that no code is used up."""
    try:
        page = asking(request, plan)
        return prove_and_do(request, data, plan, page) if "current" in data else show(page)
    except (Invalid, Conflict) as refused:
        return not_done(request, data, refused)


def asking(request: Request, plan: Plan) -> ProvePage:
    with desk(request, "admin", writing=True) as at:
        deed = plan(at)
        return ProvePage(
            shell=shell_of(request, at.person, "users"),
            action=request.url.path,
            sentence=deed.sentence,
            button=deed.button,
            fields=deed.fields,
            has_second_factor=queries.user_by_id(at.session, at.person.id).totp_secret is not None,
        )


def prove_and_do(request: Request, data: Mapping[str, str], plan: Plan, page: ProvePage) -> Response:
    try:
        errors = wrong_in(request, data)
    except TooMany as refused:
        return too_many(replace(page, errors={"current": refused.message}), refused)
    return show(replace(page, errors=errors), 422) if errors else do(request, plan)


def do(request: Request, plan: Plan) -> Response:
    """Look again and do it: others may have changed the account while the password was hashed."""
    with desk(request, "admin", writing=True) as at:
        deed = plan(at)
        deed.do(at.session)
        if not deed.token:
            return go(request, "/users", deed.notice)
        link = public_address(request, f"/reset/{deed.token}")
        page = users_page(request, at, link=link, link_for=deed.link_for)
    return show(page)


def not_done(request: Request, data: Mapping[str, str], refused: AppError) -> Response:
    """The list again, with what was typed; what is wrong with a new address stands beside it."""
    is_new = "email" in data
    with desk(request, "admin") as at:
        page = users_page(
            request,
            at,
            problem="" if is_new else refused.message,
            data=data,
            errors={"email": refused.message} if is_new else {},
        )
    return show(page, refused.status)
