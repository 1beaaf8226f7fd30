"""What every command shares: the database, sentences or one JSON line, complaints and exit statuses."""

import json
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn, Protocol

import typer
from alembic.runtime.migration import MigrationContext
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from sqlalchemy.exc import SQLAlchemyError

from app.contract.base import InvalidFile
from app.contract.complaints import sentence
from app.errors import AppError, Conflict
from app.settings import EVERYWHERE, Settings
from app.web import migrations
from app.web.db import Database

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON line instead of sentences.")]
Tell = Annotated[bool, typer.Option("--tell", hidden=True, help="Print how far it is, as lines of JSON.")]
Slug = Annotated[str, typer.Argument(help="The study's slug, as in its address /s/SLUG.")]
STEERING = {"Cc", "Cf", "Cs"}  # control characters, invisible ones, halves of surrogate pairs
stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def say(summary: dict[str, Any], text: str, as_json: bool) -> None:
    line = json.dumps(summary, ensure_ascii=False, default=str) if as_json else text
    sys.stdout.write(printable(line) + "\n")


def printable(text: str) -> str:
    """The text with whatever would steer a terminal or turn its text around written as JSON writes it."""
    return "".join(letter if is_harmless(letter) else json.dumps(letter)[1:-1] for letter in text)


def is_harmless(letter: str) -> bool:
    return letter == "\n" or unicodedata.category(letter) not in STEERING


@contextmanager
def complaining(as_json: bool) -> Iterator[None]:
    """Turn whatever a use case refuses into a sentence and exit status 1."""
    try:
        yield
    except (AppError, InvalidFile) as error:
        complain(str(error), as_json)
    except SQLAlchemyError as error:
        complain(f"The database cannot be used: {getattr(error, 'orig', None) or error}", as_json)
    except OSError as error:
        complain(f"{error.filename or 'A file'}: {error.strerror or error}.", as_json)


def complain(message: str, as_json: bool) -> NoReturn:
    if as_json:
        line = json.dumps({"ok": False, "error": message}, ensure_ascii=False)
        sys.stdout.write(printable(line) + "\n")
    stderr.print(f"Error: {printable(message)}", markup=False)
    raise typer.Exit(1)


def read_settings(as_json: bool) -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        problems = [
            f"HONEYGLASS_{str(problem['loc'][0]).upper()}: {sentence(problem)}" for problem in error.errors()
        ]
        complain("; ".join(problems), as_json)


def address_for(settings: Settings, path: str) -> str:
    """An address that can be opened; says so where it may be right on this machine alone."""
    if not settings.public_url and settings.host in EVERYWHERE:
        stderr.print("Set HONEYGLASS_PUBLIC_URL to the address under which people open this server.")
    return settings.public_address + path


@contextmanager
def opened(as_json: bool, *, is_migrating: bool = False, may_be_new: bool = False) -> Iterator[Database]:
    """The database the environment names, at this release's schema, with complaints as sentences."""
    settings = read_settings(as_json)
    with complaining(as_json):
        is_new = open_home(settings, may_be_new=may_be_new)
        database = Database(settings.url)
        if is_migrating or is_new:
            migrations.upgrade(settings.url)
        else:
            with database.transaction() as session:
                found = MigrationContext.configure(session.connection()).get_current_revision()
            if found != migrations.newest_revision():
                raise Conflict("The database is not at this release's schema. Run: honeyglass migrate")
        yield database
        database.engine.dispose()


def open_home(settings: Settings, *, may_be_new: bool) -> bool:
    """Say on stderr which home is used; whether it is new.

    Raises: Conflict where there is none and none was asked for: in another folder, `./var` is another home,
    and a study would seem to be gone.
    """
    home, is_new = settings.home.resolve(), not settings.has_home
    if is_new and not may_be_new:
        raise Conflict(
            f"There is no Honeyglass home at {home}. Set HONEYGLASS_HOME to the folder that is yours, or "
            "make a new one there with: honeyglass migrate --new"
        )
    if is_new:
        settings.load_secret()
    stderr.print(f"Home: {printable(str(home))}", markup=False)
    return is_new


class Told(Protocol):
    def __call__(self, done: int, total: int, doing: str = "", /) -> None: ...


@contextmanager
def telling(as_lines: bool, what: str) -> Iterator[Told]:
    """Show a bar, or print lines of JSON: how many of how many are done, and what is under way."""

    def line(done: int, total: int, doing: str = "") -> None:
        known = {"done": done, "total": total}
        print(json.dumps(known | {"doing": doing} if doing else known), flush=True)  # noqa: T201  # the answer

    if as_lines:
        yield line
        return
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def move(done: int, total: int, doing: str = "") -> None:
            bar.update(task, completed=done, total=total, description=escape(doing or what))

        yield move
