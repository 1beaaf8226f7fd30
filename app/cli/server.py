"""Commands that set a home up and run processes."""

import os
from typing import Annotated

import typer

from app import home
from app.accounts import queries, second_factor
from app.accounts.sealing import Seal
from app.cli import demo, serving
from app.cli.common import AsJson, address_for, complaining, opened, read_settings, say, stderr
from app.cli.user import make_account
from app.errors import Conflict
from app.jobs.files import drop_earlier
from app.settings import SECRET_FILE
from app.web import migrations

commands = typer.Typer()


@commands.command()
def migrate(
    new: Annotated[bool, typer.Option("--new", help="Make a home and a database if there are none.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to this release's schema; with --new makes the home, too."""
    settings, revision = read_settings(as_json), migrations.newest_revision()
    with (
        opened(as_json, is_migrating=True, may_be_new=new) as database,
        database.transaction(writing=True) as session,
    ):
        second_factor.seal_all(session, Seal(settings.load_secret()))
    summary = {"ok": True, "revision": revision, "home": settings.home.resolve()}
    say(summary, f"The database is at revision {revision}.", as_json)


@commands.command()
def serve(
    port: Annotated[int | None, typer.Option(help="Default: HONEYGLASS_PORT, or 8000.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Default: 1 on SQLite, 2 on PostgreSQL.")] = None,
    host: Annotated[str | None, typer.Option(help="Default: HONEYGLASS_HOST, or 127.0.0.1.")] = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Start no worker beside the server.")
    ] = False,
    no_background: Annotated[
        bool, typer.Option("--no-background", help="Start no background process: one runs elsewhere.")
    ] = False,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A proxy with TLS stands before an address others reach.")
    ] = False,
) -> None:
    """Serve the web pages until stopped."""
    settings = read_settings(as_json=False)
    with complaining(as_json=False):
        serving.refuse_strangers(host or settings.host, is_behind_proxy=behind_proxy)
    with opened(as_json=False):
        home.keep_private()
        if mended := home.close(settings.home, SECRET_FILE):
            stderr.print(mended, markup=False)
        settings.load_secret()
        drop_earlier(settings)
        serving.refuse_defaults(settings, host or settings.host)
    address = host or settings.host, port or settings.port, workers or settings.default_workers
    beside = [] if no_background else [serving.BACKGROUND]
    if not no_worker and serving.can_load_students():
        beside.append(serving.WORKER)
    elif not no_worker:
        stderr.print(serving.WITHOUT_TORCH, markup=False)
    with serving.beside(beside):
        serving.run(*address)


@commands.command()
def background() -> None:
    """Do staff's heavy work (reports, packages, large exports), until stopped; `serve` starts one itself."""
    with opened(as_json=False):
        os.execv(serving.BACKGROUND[0], serving.BACKGROUND)  # noqa: S606  # our own


@commands.command()
def worker() -> None:
    """Load students and let them answer, until stopped; start as many as there are GPUs."""
    with opened(as_json=False), complaining(as_json=False):
        if not serving.can_load_students():
            raise Conflict(serving.WITHOUT_TORCH)
    os.execv(serving.WORKER[0], serving.WORKER)  # noqa: S606  # our own; whoever ends this process ends the worker


@commands.command()
def ready(as_json: AsJson = False) -> None:
    """Ask a running server whether it is ready; exit status 1 if not. For health checks."""
    settings = read_settings(as_json)
    with complaining(as_json):
        answer = serving.ask(settings.port)
    say({"ok": True, "answer": answer}, answer, as_json)


@commands.command("demo")
def make_demo(as_json: AsJson = False) -> None:
    """Set up the demo study and a first admin, if they are not there yet, and say where they are."""
    settings = read_settings(as_json)
    with opened(as_json, may_be_new=True) as database:
        with database.transaction(writing=True) as session:
            is_first = not queries.users(session)
            demo.set_up(session)
        password = (
            make_account(database, demo.ADMIN, "admin", must_change_password=False) if is_first else None
        )
    base = address_for(settings, "")
    summary = {"ok": True, "slug": demo.SLUG, "url": f"{base}/s/{demo.SLUG}", "password": password}
    say(summary, demo.welcome(base, password), as_json)
