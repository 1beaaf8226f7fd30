"""Commands for accounts: who may sign in to the staff pages."""

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from app.access import Role
from app.accounts import passwords, queries, second_factor, service
from app.cli.common import AsJson, address_for, opened, read_settings, say
from app.errors import Conflict, NotFound
from app.models import User
from app.web.auth import make_token, token_hash
from app.web.db import Database

user_cli = typer.Typer(no_args_is_help=True, help="People who may sign in: admins, researchers, viewers.")
commands = typer.Typer()
commands.add_typer(user_cli, name="user")
Email = Annotated[str, typer.Argument(help="The e-mail address that they sign in with.")]


@user_cli.command("add")
def add_user(
    email: Email,
    role: Annotated[Role, typer.Option(help="What they may do.")] = "researcher",
    as_json: AsJson = False,
) -> None:
    """Make an account with a password for the first sign-in, which is printed this once."""
    with opened(as_json) as database:
        password = make_account(database, email, role)
    say(
        {"ok": True, "email": email, "role": role, "password": password},
        f"'{email}' may sign in as {role}. Password for the first time (shown only now): {password}",
        as_json,
    )


def make_account(database: Database, email: str, role: Role, *, must_change_password: bool = True) -> str:
    """Make an account; its password, which whoever ran the command has seen.

    Hashes before the transaction, which others wait for.
    """
    password = passwords.generate()
    password_hash = passwords.make_hash(password, email)
    with database.transaction(writing=True) as session:
        service.add_user(session, email, role, password_hash, must_change_password=must_change_password)
    return password


@user_cli.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List every account."""
    with opened(as_json) as database, database.transaction() as session:
        found = [account_of(user) for user in queries.users(session)]
    lines = [one.sentence() for one in found]
    text = "\n".join(lines) or "No accounts yet. Next: honeyglass user add EMAIL --role admin"
    say({"ok": True, "users": [asdict(one) for one in found]}, text, as_json)


@dataclass(frozen=True)
class Account:
    email: str
    role: str
    is_active: bool
    has_second_factor: bool

    def sentence(self) -> str:
        extra = ", with a second factor" if self.has_second_factor else ""
        return f"{self.email}: {self.role}{extra}{'' if self.is_active else ', may not sign in'}"


def account_of(user: User) -> Account:
    return Account(user.email, user.role, user.is_active, user.totp_secret is not None)


@user_cli.command("link")
def make_link(email: Email, as_json: AsJson = False) -> None:
    """Print a one-time link that sets a new password; it works for three days."""
    settings, token = read_settings(as_json), make_token()
    with opened(as_json) as database, database.transaction(writing=True) as session:
        user = existing(queries.user_by_email(session, email), email)
        if not user.is_active:
            raise Conflict(f"'{email}' may not sign in; run: honeyglass user activate {email}")
        service.make_reset_link(session, user, token_hash(token))
    url = address_for(settings, f"/reset/{token}")
    say({"ok": True, "email": email, "url": url}, f"Link for '{email}', which works once: {url}", as_json)


@user_cli.command("role")
def change_role(email: Email, role: Role, as_json: AsJson = False) -> None:
    """Change what someone may do."""
    with opened(as_json) as database, database.transaction(writing=True) as session:
        service.change_role(session, existing(queries.user_by_email(session, email), email), role)
    say({"ok": True, "email": email, "role": role}, f"'{email}' is now {role}.", as_json)


@user_cli.command()
def deactivate(email: Email, as_json: AsJson = False) -> None:
    """Sign someone out everywhere and let them in no more; what they made stays."""
    with opened(as_json) as database, database.transaction(writing=True) as session:
        service.deactivate(session, existing(queries.user_by_email(session, email), email))
    say({"ok": True, "email": email, "is_active": False}, f"'{email}' may not sign in any more.", as_json)


@user_cli.command()
def activate(email: Email, as_json: AsJson = False) -> None:
    """Let someone sign in again."""
    with opened(as_json) as database, database.transaction(writing=True) as session:
        service.activate(existing(queries.user_by_email(session, email), email))
    say({"ok": True, "email": email, "is_active": True}, f"'{email}' may sign in again.", as_json)


@user_cli.command("second-factor-off")
def turn_off_second_factor(email: Email, as_json: AsJson = False) -> None:
    """For someone who lost their phone: the password alone signs in, and a new one is asked for."""
    with opened(as_json) as database, database.transaction(writing=True) as session:
        second_factor.turn_off_for(existing(queries.user_by_email(session, email), email))
    text = f"'{email}' signs in with the password alone, and must choose a new one first."
    say({"ok": True, "email": email}, text, as_json)


def existing(user: User | None, email: str) -> User:
    """Raises: NotFound for an e-mail address without an account."""
    if user is None:
        raise NotFound(f"There is no account for '{email}'.")
    return user
