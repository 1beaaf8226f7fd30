"""Commands for students' checkpoints: add, list, show, retire, purge, generate, cancel, export."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from app.checkpoints import queries, service
from app.checkpoints.intake import discard, kept_if_registered, take_in
from app.cli.common import AsJson, complain, opened, read_settings, say, stderr
from app.cli.showing import checkpoint_lines, run_lines
from app.contract.student import read_student
from app.errors import Conflict
from app.models import Checkpoint
from app.queue import GENERATE, VERIFY, make_queue, tell
from app.runs import progress
from app.runs import service as runs
from app.runs.export import export_run
from app.web.db import Database

checkpoint_cli = typer.Typer(no_args_is_help=True, help="Checkpoints: trained students.")
commands = typer.Typer()
commands.add_typer(checkpoint_cli, name="checkpoint")
Name = Annotated[str, typer.Argument(help="The checkpoint's name.")]
POLL_S = 0.5
VERIFYING = "The next free worker verifies it (honeyglass serve runs one, honeyglass worker another)."


def described(checkpoint: Checkpoint) -> dict[str, Any]:
    keys = (
        "name",
        "state",
        "reason",
        "source",
        "model_sha256",
        "tokenizer_sha256",
        "left_behind",
        "created_at",
    )
    return {key: getattr(checkpoint, key) for key in keys}


@checkpoint_cli.command("add")
def add(
    source: Annotated[str, typer.Argument(help="A folder, a .zip or .tar.gz, or a hub id like owner/name.")],
    name: Annotated[str, typer.Option(help="What to call the checkpoint.")],
    manifest: Annotated[
        Path | None, typer.Option(help="student.json, where there is none beside it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy a student's files in and have a worker verify it."""
    settings = read_settings(as_json)
    with opened(as_json) as database:
        with database.transaction() as session:
            service.refuse_name(session, name)
        given = read_student(manifest) if manifest else None
        taken = take_in(settings, source, given)
        with kept_if_registered(settings, taken), database.transaction(writing=True) as session:
            stored = service.register(session, taken, name)
        tell(make_queue(settings), VERIFY, stored.id)
    left = ", ".join(stored.left_behind) or "nothing"
    text = f"Added '{name}': {len(stored.files)} files. Left behind: {left}. {VERIFYING}"
    say({"ok": True, **described(stored)}, text, as_json)


@checkpoint_cli.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Every checkpoint with its state."""
    with opened(as_json) as database, database.transaction() as session:
        found = [described(one) for one in queries.checkpoints(session)]
    lines = [f"{one['name']}  {one['state']}  {one['reason'] or ''}".rstrip() for one in found]
    say({"ok": True, "checkpoints": found}, "\n".join(lines) or "No checkpoints yet.", as_json)


@checkpoint_cli.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """One checkpoint: state, files, what it said when it was verified, and its runs."""
    with opened(as_json) as database, database.transaction() as session:
        found = queries.checkpoint_by_name(session, name)
        summary = described(found) | {"files": found.files, "manifest": found.manifest, "trial": found.trial}
        its_runs = progress.runs_of(session, found.id)
        lines = checkpoint_lines(found)
        for run in its_runs:
            lines += run_lines(session, run)
    say({"ok": True, **summary, "runs": [asdict(run) for run in its_runs]}, "\n".join(lines), as_json)


@checkpoint_cli.command("retire")
def retire(name: Name, as_json: AsJson = False) -> None:
    """Take a checkpoint out of use; studies that use it go on unchanged."""
    with opened(as_json) as database, database.transaction(writing=True) as session:
        service.retire(session, name)
    say({"ok": True, "name": name}, f"Checkpoint '{name}' is retired.", as_json)


@checkpoint_cli.command("purge")
def purge(name: Name, as_json: AsJson = False) -> None:
    """Delete the files of a retired checkpoint; what it has written stays."""
    settings = read_settings(as_json)
    with opened(as_json) as database:
        with database.transaction(writing=True) as session:
            folder = service.purge(session, name)
        discard(settings, folder)
    say({"ok": True, "name": name}, f"The files of '{name}' are deleted.", as_json)


@checkpoint_cli.command("verify")
def verify(name: Name, as_json: AsJson = False) -> None:
    """Have a failed checkpoint tried once more."""
    settings = read_settings(as_json)
    with opened(as_json) as database:
        with database.transaction(writing=True) as session:
            found = service.verify_again(session, name)
        tell(make_queue(settings), VERIFY, found.id)
    say({"ok": True, "name": name}, f"'{name}' is registered again. {VERIFYING}", as_json)


@checkpoint_cli.command("generate")
def generate(
    name: Name,
    questions: Annotated[str, typer.Option(help="The question set.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
    precision: Annotated[str | None, typer.Option(help="fp32 or bf16; default: the manifest's.")] = None,
    way: Annotated[str | None, typer.Option(help="One of the manifest's ways; default: its default.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Show progress until it is finished.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have a checkpoint answer and explain a question set."""
    settings = read_settings(as_json)
    with opened(as_json) as database:
        if precision not in {None, "fp32", "bf16"}:
            raise Conflict("--precision is fp32 or bf16.")
        plan = runs.Plan(
            checkpoint=name,
            question_set=questions,
            limit=limit,
            question_keys=(),
            precision=precision,  # type: ignore[arg-type]  # checked above
            way=way,
        )
        with database.transaction(writing=True) as session:
            run = runs.create_run(session, plan)
        tell(make_queue(settings), GENERATE, run.id, times=run.total)
        if wait:
            watch(database, run.id)
        with database.transaction() as session:
            found = progress.progress(session, run.id)
    if found.state in {"failed", "cancelled"}:
        why = f": {found.reason}" if found.reason else ""
        complain(
            f"Run {run.id} {'was ' * (not why)}{found.state}{why}, {found.done} of {found.total}.", as_json
        )
    text = f"Run {run.id}: {found.state}, {found.done} of {found.total}."
    say({"ok": True, **asdict(found)}, text, as_json)


def watch(database: Database, run_id: int) -> None:
    """Show a bar until a run is finished."""
    with Progress(
        "{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=stderr
    ) as bar:
        task = bar.add_task(f"run {run_id}")
        while True:
            with database.transaction() as session:
                found = progress.progress(session, run_id)
            bar.update(task, completed=found.done, total=found.total, description=caption(found))
            if found.state != "running":
                return
            time.sleep(POLL_S)


def caption(found: progress.Progress) -> str:
    if not found.is_begun:
        return f"run {found.run_id}: no worker has taken it yet (honeyglass worker)"
    return f"run {found.run_id}: {found.per_second:.2f}/s" if found.per_second else f"run {found.run_id}"


@checkpoint_cli.command("cancel")
def cancel(run: Annotated[int, typer.Argument(help="The run's number.")], as_json: AsJson = False) -> None:
    """Stop a run."""
    with opened(as_json) as database, database.transaction(writing=True) as session:
        runs.cancel_run(session, run)
    say({"ok": True, "run": run}, f"Run {run} is cancelled.", as_json)


@checkpoint_cli.command("export")
def export(
    run: Annotated[int, typer.Argument(help="The run's number.")],
    out: Annotated[Path, typer.Option(help="The bundle's folder.")],
    description: Annotated[str, typer.Option(help="What wrote the texts, for whoever reads them.")] = "",
    licence: Annotated[str, typer.Option(help="An SPDX identifier, such as Apache-2.0.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write a complete run as an explanation bundle."""
    with opened(as_json) as database, database.snapshot() as session:
        rows = export_run(session, run, out, description, licence)
    say({"ok": True, "run": run, "rows": rows}, f"Wrote {rows} explanations to {out}.", as_json)
