"""What the staff see of checkpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from app.contract.described import Evaluation, Interval
from app.contract.student import StudentManifest
from app.models import Checkpoint
from app.runs.inspection import Summary
from app.runs.progress import Progress
from app.web.pages import Page
from app.web.shell import ShellPage


@dataclass(frozen=True)
class CheckpointRow:
    checkpoint: Checkpoint
    manifest: StudentManifest


@dataclass(frozen=True, kw_only=True)
class CheckpointsPage(ShellPage):
    """`folders` are those that may be named below the configured root; None without one."""

    template = "checkpoints/checkpoints.html"
    checkpoints: Sequence[CheckpointRow]
    folders: Sequence[str] | None
    largest_mb: int
    is_worker_missing: bool
    data: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class Moving:
    """What of a checkpoint changes while one looks on: its state and its runs."""

    checkpoint: Checkpoint
    runs: Sequence[Progress]
    is_worker_missing: bool

    @property
    def is_moving(self) -> bool:
        waits = self.checkpoint.state in {"registered", "verifying"}
        return waits or any(run.state == "running" for run in self.runs)


@dataclass(frozen=True, kw_only=True)
class MovingFragment(Page):
    template = "checkpoints/moving.html"
    moving: Moving


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A line of what a training run measured."""

    name: str
    value: str


def measures_of(evaluation: Evaluation | None) -> list[Measure]:
    """What was measured, in words; then what a trainer has added, as it is written."""
    if evaluation is None:
        return []
    said = {
        "Questions": shown(evaluation.n),
        "Split": evaluation.split,
        "Way to ask": evaluation.way,
        "Precision": evaluation.precision,
        "Accuracy": with_interval(evaluation.accuracy, evaluation.ci95),
        "Accuracy by likelihood": with_interval(evaluation.accuracy_likelihood, evaluation.ci95_likelihood),
        "Accuracy by likelihood per token": with_interval(
            evaluation.accuracy_likelihood_per_token, evaluation.ci95_likelihood_per_token
        ),
        "Chance": shown(evaluation.chance),
        "Answers read": shown(evaluation.answers_read),
        "Truncated": shown(evaluation.truncated),
    }
    if evaluation.explanations is not None:
        told = evaluation.explanations.model_dump(exclude_none=True)
        said |= {f"Explanations: {name.replace('_', ' ')}": shown(value) for name, value in told.items()}
    said |= {name: shown(value) for name, value in evaluation.added.items()}
    return [Measure(name=name, value=value) for name, value in said.items() if value is not None]


def shown(value: JsonValue) -> str | None:
    if isinstance(value, float):
        return f"{value:.4g}"
    return None if value is None else str(value)


def with_interval(value: float | None, interval: Interval | None) -> str | None:
    if value is None or interval is None:
        return shown(value)
    return f"{value:.4g} (95 %: {interval[0]:.3g} to {interval[1]:.3g})"


@dataclass(frozen=True, kw_only=True)
class CheckpointPage(ShellPage):
    """`summary` is of the run `newest`, the last one that is complete."""

    template = "checkpoints/checkpoint.html"
    moving: Moving
    manifest: StudentManifest
    manifest_text: str
    measures: Sequence[Measure]
    question_sets: Sequence[str]
    newest: Progress | None
    summary: Summary | None
    data: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class TryPage(ShellPage):
    """`told` is None while no worker has answered; `looks` counts how often was looked."""

    template = "checkpoints/try.html"
    name: str
    task_id: str
    looks: int
    told: Mapping[str, Any] | None
    is_worker_missing: bool
