"""A job as a command of ours. The kinds are a closed list: who can write into the table runs nothing else."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from app.jobs.files import REPORT, file_of
from app.models import Job


class Order(NamedTuple):
    arguments: Mapping[str, Any]
    folder: Path  # for what it makes
    file: str


def report(order: Order) -> list[str]:
    versions = order.arguments.get("versions")  # nothing in jobs of a release that did not ask
    return [
        "analyze",
        "--tell",
        "--out",
        str(order.folder / REPORT),
        *(["--versions", versions] if versions else []),
    ]


def package(order: Order) -> list[str]:
    return ["package", "--tell", "--out", str(order.folder / order.file)]


def export(order: Order) -> list[str]:
    asked = order.arguments
    options = ["--include-synthetic"] * bool(asked["include_synthetic"])
    options += ["--include", "uncounted"] * bool(asked["include_uncounted"])
    options += ["--with-external-ids"] * bool(asked["with_external_ids"])
    out = str(order.folder / order.file)
    return ["export", "--tell", "--format", asked["export_format"], "--out", out, *options]


def rehearsal(order: Order) -> list[str]:
    asked = order.arguments
    names = ("url", "participants", "concurrency", "dropout", "seed")
    options = [part for name in names for part in (f"--{name}", str(asked[name]))]
    return ["simulate", "--tell", *options, *["--force"] * bool(asked["force"])]


COMMANDS: Mapping[str, Callable[[Order], Sequence[str]]] = {
    "report": report,
    "package": package,
    "export": export,
    "rehearsal": rehearsal,
}


def command(job: Job, folder: Path) -> list[str]:
    """What follows `honeyglass`."""
    order = Order(job.arguments, folder, file_of(job))
    return [*COMMANDS[job.kind](order), "--json", "--", str(job.arguments["slug"])]
