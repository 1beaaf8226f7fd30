"""Commands that bring in what a study is made of: question sets and bundles."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.bundles import service as explanations
from app.cli.common import AsJson, opened, printable, say, stderr
from app.contract.question_formats import Format as QuestionFormat
from app.contract.question_set import read_question_set
from app.questions import service as questions

question_cli = typer.Typer(no_args_is_help=True, help="Question sets: what students answer.")
bundle_cli = typer.Typer(no_args_is_help=True, help="Bundles: what students answered and explained.")
commands = typer.Typer()
commands.add_typer(question_cli, name="questions")
commands.add_typer(bundle_cli, name="bundle")


@question_cli.command("import")
def import_questions(
    file: Annotated[Path, typer.Argument(help="JSON lines (.jsonl, or .jsonl.xz, .jsonl.gz).")],
    name: Annotated[str, typer.Option(help="What to call the set.")],
    file_format: Annotated[QuestionFormat, typer.Option("--format", help="How the file is written.")] = "cqa",
    as_json: AsJson = False,
) -> None:
    """Import a question set as a whole, or refuse it with line and reason."""
    with opened(as_json) as database:
        found = read_question_set(file, file_format)
        with database.transaction(writing=True) as session:
            stored = questions.import_questions(session, found, name)
    say({"ok": True, "name": name, **stored.counts}, questions.sentence(stored), as_json)


@bundle_cli.command("import")
def import_bundle(
    path: Annotated[Path, typer.Argument(help="A folder or .zip with a manifest, or a JSON-lines file.")],
    name: Annotated[str, typer.Option(help="What to call the bundle.")],
    question_set: Annotated[
        str | None, typer.Option("--questions", help="The question set, if several have these questions.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse the bundle if any row fits none.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import explanations; rows that fit no question are set aside and listed."""
    with opened(as_json) as database:
        prepared = explanations.prepare(path)
        with database.transaction(writing=True) as session:
            imported = explanations.import_bundle(
                session, prepared, name, questions=question_set, strict=strict
            )
            counts = imported.bundle.counts
    for row in imported.set_aside:
        stderr.print(printable(f"set aside: line {row.line}: {row.reason}"), markup=False)
    aside = [asdict(row) for row in imported.set_aside]
    summary = {
        "ok": True,
        "name": name,
        "questions": imported.question_set,
        **counts,
        "set_aside_rows": aside,
    }
    say(summary, imported.sentence(), as_json)
