"""Commands that make data and take it out: simulate and export."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import AsJson, Slug, Tell, opened, read_settings, say, stderr, telling
from app.exports import package as packages
from app.exports import service as results
from app.exports.base import Format as ExportFormat
from app.exports.base import Include
from app.simulation import run as simulation
from app.simulation.behaviour import Habits
from app.simulation.people import Effects, read_effects
from app.web.signing import Signing

commands = typer.Typer()
AlsoIncluded = Annotated[
    Include | None,
    typer.Option(help="Synthetic participants, too; or everybody whose answers do not count."),
]
SHARE: dict[str, Any] = {"min": 0, "max": 1}


@commands.command()
def export(  # one argument for each option
    slug: Slug,
    out: Annotated[Path, typer.Option(help="The file to write; its manifest comes beside it.")],
    export_format: Annotated[ExportFormat, typer.Option("--format", help="Which table.")] = "long",
    include: AlsoIncluded = None,
    include_synthetic: Annotated[
        bool, typer.Option("--include-synthetic", help="The same as --include synthetic.")
    ] = False,
    with_external_ids: Annotated[
        bool, typer.Option("--with-external-ids", help="The platform's ids, in participants. Personal data.")
    ] = False,
    tell: Tell = False,
    as_json: AsJson = False,
) -> None:
    """Write ratings, participants or items as a file, from one snapshot, with a manifest."""
    with opened(as_json) as database, database.snapshot() as session, telling(tell, "rows") as told:
        manifest = results.export(
            session,
            slug,
            export_format,
            out,
            include_synthetic=include_synthetic or include == "synthetic",
            include_uncounted=include == "uncounted",
            with_external_ids=with_external_ids,
            tell=told,
        )
    say({"ok": True, **manifest}, f"Wrote {manifest['rows']} rows to {out}.", as_json)


@commands.command()
def package(
    slug: Slug,
    out: Annotated[Path, typer.Option(help="The .zip to write.")],
    include: AlsoIncluded = None,
    include_synthetic: Annotated[
        bool, typer.Option("--include-synthetic", help="The same as --include synthetic.")
    ] = False,
    tell: Tell = False,
    as_json: AsJson = False,
) -> None:
    """Write a data package: every table, the codebook, the definitions and a README in one .zip."""
    with opened(as_json) as database, database.snapshot() as session, telling(tell, "rows") as told:
        manifest = packages.package(
            session,
            slug,
            out,
            told,
            include_synthetic=include_synthetic or include == "synthetic",
            include_uncounted=include == "uncounted",
        )
    text = f"Wrote {out}: {len(manifest['files'])} tables, SHA-256 {manifest['sha256'][:16]}…"
    say({"ok": True, **manifest}, text, as_json)


@commands.command()
def simulate(
    slug: Slug,
    url: Annotated[str | None, typer.Option(help="Where the server runs; default: on this machine.")] = None,
    participants: Annotated[int, typer.Option(min=1, help="How many take the study.")] = 10,
    concurrency: Annotated[int, typer.Option(min=1, max=500, help="How many at once.")] = 10,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people.")] = 0,
    effects: Annotated[
        Path | None, typer.Option(help="True mean ratings by condition (YAML or JSON).")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even in a study for people; kept apart, never counted.")
    ] = False,
    dropout: Annotated[float, typer.Option(help="Share who vanish at some page after Start.", **SHARE)] = 0,
    latecomers: Annotated[float, typer.Option(help="Share of those who come back later.", **SHARE)] = 0,
    two_tabs: Annotated[float, typer.Option(help="Share with a second tab of old pages.", **SHARE)] = 0,
    double_submit: Annotated[float, typer.Option(help="Chance per page of a double click.", **SHARE)] = 0,
    back: Annotated[float, typer.Option(help="Chance per page of going back and resending.", **SHARE)] = 0,
    reload: Annotated[float, typer.Option(help="Chance per page of loading it again.", **SHARE)] = 0,
    paced: Annotated[bool, typer.Option("--paced", help="With a person's time to think.")] = False,
    speed_up: Annotated[float, typer.Option(min=0.01, help="What --paced times are divided by.")] = 1,
    tell: Tell = False,
    as_json: AsJson = False,
) -> None:
    """Let synthetic participants take a study over HTTP; exit status 1 unless every count is right."""
    habits = Habits(
        dropout=dropout,
        latecomers=latecomers,
        two_tabs=two_tabs,
        double_submit=double_submit,
        back=back,
        reload=reload,
        is_paced=paced,
        speed_up=speed_up,
    )
    settings = read_settings(as_json)
    with opened(as_json) as database, telling(tell, "participants") as told:
        people = read_effects(effects) if effects else Effects({})
        plan = simulation.Plan(
            slug=slug,
            url=url or settings.local_address,
            participants=participants,
            concurrency=concurrency,
            seed=seed,
            effects=people,
            force=force,
            habits=habits,
        )
        done = simulation.simulate(database, Signing(settings.load_secret()), plan, told)
    for error in done.errors[:20]:
        stderr.print(error, markup=False)
    say(done.as_dict(), done.sentence(), as_json)
    if not done.is_right:
        raise typer.Exit(1)
