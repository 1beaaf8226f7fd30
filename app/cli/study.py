"""Commands for a study's life: validate, create, launch, preview, pause, close, list, check, exclude."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from app.cli.common import AsJson, Slug, address_for, complaining, opened, read_settings, say
from app.jobs.files import forget
from app.participants import service as participants
from app.participation import erasing
from app.studies import check as checking
from app.studies import queries, service, sharing
from app.studies.definition import read_definition
from app.web.signing import Signing, mode_token

study_cli = typer.Typer(no_args_is_help=True, help="Studies: define, launch, watch, close.")
commands = typer.Typer()
commands.add_typer(study_cli, name="study")


@study_cli.command()
def validate(file: Path, as_json: AsJson = False) -> None:
    """Read a study definition and say everything that is wrong with it, or missing here."""
    with complaining(as_json):
        definition = read_definition(file)
    with opened(as_json) as database, database.transaction() as session:
        missing = service.problems_for(session, None, definition)
    text = f"{file.name} is a valid study definition ('{definition.slug}')."
    lines = [text, *(f"Before launching: {line}" for line in missing)]
    summary = {"ok": True, "slug": definition.slug, "sha256": definition.sha256, "missing": missing}
    say(summary, "\n".join(lines), as_json)


@study_cli.command()
def create(
    file: Path,
    owner: Annotated[str | None, typer.Option(help="Whose study it is: an account's e-mail address.")] = None,
    as_json: AsJson = False,
) -> None:
    """Store a definition as a draft; for a slug that exists, as its next version's draft."""
    with complaining(as_json):
        definition = read_definition(file)
    with opened(as_json) as database, database.transaction(writing=True) as session:
        study = service.save_draft(session, definition)
        if owner is not None:
            sharing.share(session, study, owner, "own")
        status = study.status
    summary = {"ok": True, "slug": definition.slug, "status": status, "sha256": definition.sha256}
    next_step = f"Next: honeyglass study launch {definition.slug}"
    say(summary, f"Stored the definition of '{definition.slug}'. {next_step}", as_json)


@study_cli.command()
def launch(slug: Slug, as_json: AsJson = False) -> None:
    """Freeze the draft, its items and their hashes, and open the study."""
    settings = read_settings(as_json)
    with opened(as_json) as database, database.transaction(writing=True) as session:
        done = service.launch(session, slug)
    url = address_for(settings, f"/s/{slug}")
    exactly = "" if done.divides_exactly else " (it does not divide exactly; a few items get one more)"
    text = (
        f"'{slug}' is live: version {done.version}, {done.questions} questions, {done.items} items; "
        f"{done.participants} participants reach the target{exactly}. "
        f"{done.left_out} questions were left out because a condition cannot show them. Address: {url}"
    )
    if done.audience == "synthetic":
        text += (
            "\nThis is a dry run (audience: synthetic): only synthetic participants count and are exported."
        )
    say({"ok": True, "slug": slug, "address": f"/s/{slug}", "url": url, **asdict(done)}, text, as_json)


@study_cli.command()
def preview(slug: Slug, as_json: AsJson = False) -> None:
    """Print a link that shows the study as participants see it; what is answered there never counts."""
    settings = read_settings(as_json)
    with opened(as_json) as database, database.transaction() as session:
        queries.refuse_unlaunched(session, queries.study_by_slug(session, slug))
    token = mode_token(Signing(settings.load_secret()), slug, "preview")
    url = address_for(settings, f"/s/{slug}?mode={quote(token)}")
    say({"ok": True, "slug": slug, "url": url}, f"Preview of '{slug}': {url}", as_json)


@study_cli.command()
def pause(slug: Slug, as_json: AsJson = False) -> None:
    """Take no new participants for now; those under way go on. `launch` opens the study again."""
    with opened(as_json) as database, database.transaction(writing=True) as session:
        service.pause(session, slug)
    say({"ok": True, "slug": slug, "status": "paused"}, f"'{slug}' is paused.", as_json)


@study_cli.command()
def close(slug: Slug, as_json: AsJson = False) -> None:
    """Take no new participants any more; those under way may finish. Final."""
    with opened(as_json) as database, database.transaction(writing=True) as session:
        service.close(session, slug)
    say({"ok": True, "slug": slug, "status": "closed"}, f"'{slug}' is closed.", as_json)


@study_cli.command("list")
def list_studies(as_json: AsJson = False) -> None:
    """List every study with its state and numbers."""
    with opened(as_json) as database, database.transaction() as session:
        found = queries.overviews(session, datetime.now(UTC))
    lines = [
        f"{one.slug}: {one.status}, version {one.version or '-'}, {one.items} items rated "
        f"{one.ratings_least} to {one.ratings_most} times, participants: "
        f"{', '.join(f'{count} {status}' for status, count in one.participants.items()) or 'none'}"
        for one in found
    ]
    text = "\n".join(lines) or "No studies yet. Next: honeyglass study create FILE"
    say({"ok": True, "studies": [asdict(one) for one in found]}, text, as_json)


@study_cli.command()
def check(slug: Slug, as_json: AsJson = False) -> None:
    """Recount everything from the rows; exit status 1 if any kept count or hash is wrong."""
    with opened(as_json) as database, database.snapshot() as session:
        found = checking.check(session, slug)
    text = (
        f"'{slug}': {found.participants} participants ({found.completed} completed), {found.responses} "
        f"responses, {found.ratings} ratings; {found.items} items answered {found.least_answers} to "
        f"{found.most_answers} times (target {found.target}); condition × position spread "
        f"{found.position_spread}. "
    )
    text += (
        "\n".join([f"{len(found.problems)} problems:", *found.problems]) if found.problems else "All right."
    )
    say({"ok": not found.problems, "slug": slug, **asdict(found)}, text, as_json)
    if found.problems:
        raise typer.Exit(1)


@study_cli.command()
def exclude(
    slug: Slug,
    participant: Annotated[str, typer.Argument(help="The participant's pseudonym, as in exports.")],
    reason: Annotated[str, typer.Option(help="Why; reports list the reasons with how many they took out.")],
    as_json: AsJson = False,
) -> None:
    """Stop counting a participant; the answers stay in the export, marked excluded, with the reason."""
    with opened(as_json) as database, database.transaction(writing=True) as session:
        participants.exclude(session, slug, participant, reason, datetime.now(UTC))
    text = f"'{participant}' no longer counts in '{slug}'; its items are free for others."
    say({"ok": True, "slug": slug, "participant": participant, "status": "excluded"}, text, as_json)


@study_cli.command()
def erase(
    slug: Slug,
    participant: Annotated[str, typer.Argument(help="The participant's pseudonym, as in exports.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete everything a participant gave, for good; also the study's package and report made before."""
    if not yes:
        typer.confirm(f"Delete everything '{participant}' gave in '{slug}'?", abort=True, err=True)
    settings = read_settings(as_json)
    secret = Signing(settings.load_secret()).secret
    with opened(as_json) as database:
        with database.transaction(writing=True) as session:
            erasing.erase_by_pseudonym(session, slug, participant, secret, datetime.now(UTC))
        database.empty_log()
        forget(settings, database, slug)
    text = f"All that '{participant}' gave in '{slug}' is erased. Backups keep it until they are rotated."
    say({"ok": True, "slug": slug, "participant": participant, "status": "erased"}, text, as_json)
