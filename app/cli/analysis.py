"""The command that turns ratings into figures, tables and a report."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import AsJson, complain, complaining, opened, say

analysis_cli = typer.Typer()


@analysis_cli.command()
def analyze(
    out: Annotated[Path, typer.Option(help="The folder to write; report.html is the way in.")],
    slug: Annotated[str | None, typer.Argument(help="The study's slug, as in its address /s/SLUG.")] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="A file in the paper format, instead of a study.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the statistics, figures and report of a study, or of an earlier study's file."""
    if (slug is None) == (csv is None):
        complain("Say which study (its slug), or which file (--csv FILE): one of the two.", as_json)
    # Seconds and megabytes that no other command should pay for.
    from app.results.analysis import report  # noqa: PLC0415

    if csv is not None:
        with complaining(as_json):
            written = report.analyze_csv(csv, out)
    else:
        with opened(as_json) as database, database.snapshot() as session:
            written = report.analyze_study(session, str(slug), out)
    text = (
        f"Wrote {out / 'report.html'}: {written['responses']} responses, {written['statistics']} figures in "
        f"statistics.csv, {written['tables']} tables, {written['figures']} pictures."
    )
    say({"ok": True, "out": str(out), **written}, text, as_json)
