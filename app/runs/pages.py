"""What the pages of runs show."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.paging import Paged
from app.runs.inspection import Difference, Filter, Output, Summary
from app.runs.progress import Progress, RunName
from app.web.shell import ShellPage


@dataclass(frozen=True, kw_only=True)
class RunPage(ShellPage):
    """`found` counts the outputs of the kind `which`; `others` are runs it may be put beside."""

    template = "runs/run.html"
    run: Progress
    summary: Summary | None
    filters: Sequence[tuple[Filter, str]]
    which: Filter
    found: int
    outputs: Paged[Output]
    others: Sequence[RunName]
    is_worker_missing: bool


@dataclass(frozen=True)
class Side:
    run: RunName
    summary: Summary


@dataclass(frozen=True, kw_only=True)
class BesidePage(ShellPage):
    template = "runs/beside.html"
    sides: tuple[Side, Side]
    differences: Sequence[tuple[Difference, str]]
    which: Difference
    found: int
    pairs: Paged[tuple[Output, Output]]
