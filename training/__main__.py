"""`python -m training`: distil students offline; each command is a stage that can be read on its own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app.contract.base import InvalidFile

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is loaded: waiting threads sleep
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

cli = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

# torch and transformers are imported inside the commands that need them, so that --help is there at once.


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


@contextmanager
def complaining() -> Iterator[None]:
    """Turn what a stage refuses into a sentence and exit status 1."""
    try:
        yield
    except (InvalidFile, OSError) as error:
        sys.stderr.write(f"Error: {error}\n")
        raise typer.Exit(1) from error


@cli.callback()
def training() -> None:
    """Distil students offline: each command is a stage."""


Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a key of the configuration, as in --set seed=1 (may be repeated)."),
]


@cli.command()
def train(
    config: Annotated[Path, typer.Argument(help="TOML, as in training/configs.")],
    changes: Changes = None,
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from a killed run's last checkpoint.")
    ] = False,
) -> None:
    """Train one student."""
    from training.config import read_config  # noqa: PLC0415  # see the top
    from training.test_set import fingerprints  # noqa: PLC0415  # see the top
    from training.train import train as train_student  # noqa: PLC0415  # see the top

    with complaining():
        settings = read_config(config, changes or [])
        folder = train_student(
            settings, fingerprints(settings.data.test, settings.data.test_format), resume=resume
        )
    say(f"The student is in {folder}.")


if __name__ == "__main__":
    cli()
