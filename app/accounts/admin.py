"""/users and /audit: who may sign in, and what was changed by whom. Admins only."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.access import ROLES
from app.accounts import queries, second_factor, service
from app.accounts.forms import RoleForm, UserForm
from app.accounts.pages import AuditPage, UsersPage
from app.errors import AppError, Conflict
from app.models import User
from app.web.address import public_address
from app.web.auth import Desk, desk, make_token, token_hash
from app.web.forms import FormData, bind
from app.web.shell import go, shell_of, show

router = APIRouter()


@router.get("/users")
def users(request: Request) -> Response:
    with desk(request, "admin") as at:
        page = users_page(request, at)
    return show(page)


def users_page(
    request: Request, at: Desk, *, link: str = "", link_for: str = "", problem: str = ""
) -> UsersPage:
    return UsersPage(
        shell_of(request, at.person, "users"),
        users=queries.users(at.session),
        roles=ROLES,
        me=at.person.id,
        link=link,
        link_for=link_for,
        problem=problem,
    )


@router.post("/users")
def add_user(request: Request, data: FormData) -> Response:
    """Make an account and show its one-time link, which is stored nowhere else."""
    bound, token, problem = bind(UserForm, data), make_token(), ""
    with desk(request, "admin", writing=True) as at:
        if bound.value is None:
            problem = "Please give an e-mail address and choose a role."
        else:
            try:
                user = service.add_user(at.session, bound.value.email, bound.value.role)
                service.make_reset_link(at.session, user, token_hash(token))
            except AppError as refused:
                problem = refused.message
        made = (
            {}
            if problem
            else {"link": public_address(request, f"/reset/{token}"), "link_for": data["email"].strip()}
        )
        page = users_page(request, at, problem=problem, **made)
    return show(page, 422 if problem else 200)


@router.post("/users/{user_id}/reset-link")
def make_reset_link(request: Request, user_id: int) -> Response:
    token = make_token()
    with desk(request, "admin", writing=True) as at:
        user = queries.user_by_id(at.session, user_id)
        if not user.is_active:
            raise Conflict(f"'{user.email}' may not sign in; activate the account first.")
        service.make_reset_link(at.session, user, token_hash(token))
        page = users_page(request, at, link=public_address(request, f"/reset/{token}"), link_for=user.email)
    return show(page)


@router.post("/users/{user_id}/role")
def change_role(request: Request, user_id: int, data: FormData) -> Response:
    form = bind(RoleForm, data).value

    def set_role(at: Desk, user: User) -> None:
        if form is None:
            raise Conflict(f"Please choose one of the roles {', '.join(ROLES)}.")
        service.change_role(at.session, user, form.role)

    return change(request, user_id, set_role, f"is now {data.get('role')}.")


@router.post("/users/{user_id}/deactivate")
def deactivate(request: Request, user_id: int) -> Response:
    notice = "is signed out everywhere and may not sign in."
    return change(request, user_id, lambda at, user: service.deactivate(at.session, user), notice)


@router.post("/users/{user_id}/activate")
def activate(request: Request, user_id: int) -> Response:
    return change(request, user_id, lambda _at, user: service.activate(user), "may sign in again.")


@router.post("/users/{user_id}/second-factor-off")
def turn_off_second_factor(request: Request, user_id: int) -> Response:
    notice = "signs in with the password alone."
    return change(request, user_id, lambda _at, user: second_factor.turn_off(user), notice)


def change(request: Request, user_id: int, apply: Callable[[Desk, User], None], notice: str) -> Response:
    """Change one account and go back to the list, which says what somebody now is or may do."""
    with desk(request, "admin", writing=True) as at:
        user = queries.user_by_id(at.session, user_id)
        apply(at, user)
    return go(request, "/users", f"{user.email} {notice}")


@router.get("/audit")
def audit(
    request: Request,
    words: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    with desk(request, "admin") as at:
        found, has_more = queries.events(at.session, words.replace("\0", ""), page)
        shown = AuditPage(
            shell_of(request, at.person, "audit"),
            events=found,
            words=words,
            path=str(request.url.include_query_params(words=words).remove_query_params("page")) + "&",
            page=page,
            has_more=has_more,
        )
    return show(shown)
