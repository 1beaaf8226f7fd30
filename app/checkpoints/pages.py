"""What the staff see of checkpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class MovingFragment(Page):
    template = "checkpoints/moving.html"
    moving: Moving


@dataclass(frozen=True)
class CheckpointPage(ShellPage):
    """`summary` is of the run `newest`, the last one that is complete."""

    template = "checkpoints/checkpoint.html"
    moving: Moving
    manifest: StudentManifest
    manifest_text: str
    question_sets: Sequence[str]
    newest: Progress | None
    summary: Summary | None
    data: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class TryPage(ShellPage):
    """`told` is None while no worker has answered; `looks` counts how often was looked."""

    template = "checkpoints/try.html"
    name: str
    task_id: str
    looks: int
    told: Mapping[str, Any] | None
    is_worker_missing: bool
