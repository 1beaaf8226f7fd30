"""`python -m training`: distil students offline; each command is a stage that can be read on its own."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.contract.base import InvalidFile
from training.data import DataFormat
from training.experiment import experiment
from training.teacher.stage import teacher

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


@cli.command()
def evaluate(
    runs: Annotated[list[Path] | None, typer.Argument(help="Folders of finished runs.")] = None,
    *,
    base: Annotated[
        Path | None, typer.Option(help="A configuration: evaluate its untuned model, into --out.")
    ] = None,
    changes: Changes = None,
    out: Annotated[Path, typer.Option(help="Where --base writes.")] = Path("runs/untuned"),
    split: Annotated[Literal["test", "held-out"], typer.Option(help="Choose models by held-out.")] = "test",
    test: Annotated[list[Path] | None, typer.Option(help="Other test data than the run's own.")] = None,
    test_format: Annotated[DataFormat, typer.Option(help="Of --test.")] = "cqa",
    way: Annotated[
        str | None, typer.Option(help="A way to ask; the manifest's default if not given.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many questions, always the same.")] = None,
    batch_size: Annotated[int, typer.Option(min=1)] = 32,
    precision: Annotated[
        Literal["fp32", "bf16"] | None, typer.Option(help="The manifest's if not given.")
    ] = None,
    device: Annotated[Literal["auto", "cpu"], typer.Option()] = "auto",
) -> None:
    """Measure accuracy and explanations of students, or of the untuned model."""
    from training import evaluate as stage  # noqa: PLC0415  # see the top
    from training.config import read_config  # noqa: PLC0415  # see the top

    settings = stage.Settings(
        split=split,
        way=way,
        limit=limit,
        batch_size=batch_size,
        precision=precision,
        device=device,
        test=tuple(test or ()),
        test_format=test_format,
    )
    with complaining():
        if not runs and base is None:
            raise InvalidFile("Name the folders of finished runs, or a configuration with --base.")
        for run in runs or []:
            say(f"{run}: {json.dumps(stage.evaluate_run(run, settings).model_dump(mode='json'))}")
        if base is not None:
            result = stage.evaluate_base(read_config(base, changes or []), out, settings)
            say(f"{out}: {json.dumps(result.model_dump(mode='json'))}")


@cli.command()
def table(runs: Annotated[list[Path], typer.Argument(help="Folders of evaluated runs.")]) -> None:
    """Print the runs' results by seed, and over seeds, as Markdown."""
    from training.table import make_table, read_rows  # noqa: PLC0415  # see the top

    with complaining():
        say(make_table(read_rows(runs)))


cli.command()(teacher)
cli.command()(experiment)

if __name__ == "__main__":
    cli()
