"""What admins do with accounts: each deed is looked at and said in words before it is done.

A function here raises what speaks against its deed and changes nothing; `Deed.do` changes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.access import ROLES, Role
from app.accounts import queries, second_factor, service
from app.accounts.forms import RoleForm, UserForm
from app.errors import Conflict, Invalid
from app.models import User
from app.web.auth import Desk, make_token, token_hash
from app.web.forms import bind

MAY: dict[Role, str] = {
    "viewer": "read the studies that are shared with them",
    "researcher": "make studies and import material",
    "admin": "do everything, here too",
}
ALONE = "with the password alone, and must choose a new one at once"


@dataclass(frozen=True)
class Deed:
    """`sentence` says what will happen, `notice` what has; `fields` is the form that asks for it.

    `token` is of the one-time link for `link_for` that the deed makes, if it makes one.
    """

    sentence: str
    button: str
    do: Callable[[Session], object]
    notice: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    link_for: str = ""


Plan = Callable[[Desk], Deed]


def add(at: Desk, data: Mapping[str, str]) -> Deed:
    """Raises: Invalid, Conflict for an address that has an account."""
    form, token = bind(UserForm, data).value, make_token()
    if form is None:
        raise Invalid("Please give an e-mail address and choose a role.")
    email = service.free_email(at.session, form.email)

    def do(session: Session) -> None:
        user = service.add_user(session, email, form.role)
        service.make_reset_link(session, user, token_hash(token))

    return Deed(
        f"{email} gets an account as {form.role}: they may {MAY[form.role]}. "
        "You get a link for them that sets their password.",
        "Add and make the link",
        do,
        fields={"email": email, "role": form.role},
        token=token,
        link_for=email,
    )


def make_link(at: Desk, user_id: int) -> Deed:
    """Raises: NotFound, Conflict for oneself and for whoever may not sign in."""
    user, token = another(at, user_id, "You change your own password on your account page."), make_token()
    if not user.is_active:
        raise Conflict(f"'{user.email}' may not sign in; activate the account first.")
    return Deed(
        f"You get a link that sets a new password for {user.email}; one from before stops working. "
        "Using it signs them out everywhere and ends their API tokens.",
        "Make the link",
        lambda session: service.make_reset_link(session, user, token_hash(token)),
        token=token,
        link_for=user.email,
    )


def change_role(at: Desk, user_id: int, data: Mapping[str, str]) -> Deed:
    """Raises: NotFound, Conflict for no role, the one they have, and the only admin."""
    user, form = queries.user_by_id(at.session, user_id), bind(RoleForm, data).value
    if form is None:
        raise Conflict(f"Please choose one of the roles {', '.join(ROLES)}.")
    if form.role == user.role:
        raise Conflict(f"{user.email} is {user.role} already.")
    service.keep_an_admin(at.session, user)
    return Deed(
        sentence=f"{user.email}, now {user.role}, becomes {form.role}: they may {MAY[form.role]}.",
        button="Change the role",
        do=lambda session: service.change_role(session, user, form.role),
        notice=f"{user.email} is now {form.role}.",
        fields={"role": form.role},
    )


def deactivate(at: Desk, user_id: int) -> Deed:
    """Raises: NotFound, Conflict for the only admin."""
    user = queries.user_by_id(at.session, user_id)
    service.keep_an_admin(at.session, user)
    return Deed(
        f"{user.email} is signed out everywhere and may not sign in, and their API tokens end. "
        "What they made stays.",
        "Deactivate",
        lambda session: service.deactivate(session, user),
        f"{user.email} is signed out everywhere and may not sign in.",
    )


def activate(at: Desk, user_id: int) -> Deed:
    """Raises: NotFound."""
    user = queries.user_by_id(at.session, user_id)
    return Deed(
        f"{user.email} may sign in again, as {user.role} and with the password they had.",
        "Activate",
        lambda _session: service.activate(user),
        f"{user.email} may sign in again.",
    )


def turn_off_second_factor(at: Desk, user_id: int) -> Deed:
    """Raises: NotFound, Conflict for oneself and for whoever has none."""
    user = another(at, user_id, "You turn off your own second factor on your account page.")
    if not user.totp_secret:
        raise Conflict(f"{user.email} has no second factor.")
    return Deed(
        f"{user.email} will sign in {ALONE}. Their browsers and API tokens open nothing until then, "
        "and end with the old password.",
        "Turn the second factor off",
        lambda _session: second_factor.turn_off_for(user),
        f"{user.email} signs in {ALONE}.",
    )


def another(at: Desk, user_id: int, sentence: str) -> User:
    """Somebody else's account. Raises: NotFound, Conflict with this sentence for one's own."""
    if user_id == at.person.id:
        raise Conflict(sentence)
    return queries.user_by_id(at.session, user_id)
