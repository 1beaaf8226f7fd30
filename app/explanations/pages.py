from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.explanations.inspection import Difference, Filter, Output, Summary
from app.explanations.progress import Progress
from app.explanations.queries import BundleRow, ExplanationRow
from app.models import Bundle
from app.web.shell import ShellPage


@dataclass(frozen=True)
class BundlesPage(ShellPage):
    """`aside` lists rows of the last import that fit no question."""

    template = "explanations/bundles.html"
    bundles: Sequence[BundleRow]
    question_sets: Sequence[str]
    upload_mb: int
    data: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    done: str = ""
    aside: tuple[str, ...] = ()


@dataclass(frozen=True)
class BundlePage(ShellPage):
    template = "explanations/bundle.html"
    bundle: Bundle
    question_set: str
    explanations: Sequence[ExplanationRow]
    page: int
    has_more: bool


@dataclass(frozen=True)
class RunPage(ShellPage):
    """`found` counts the outputs of the kind `which`; `others` are runs it may be put beside."""

    template = "explanations/run.html"
    run: Progress
    summary: Summary | None
    filters: Sequence[tuple[Filter, str]]
    which: Filter
    found: int
    outputs: Sequence[Output]
    others: Sequence[Progress]
    page: int
    has_more: bool
    is_worker_missing: bool


@dataclass(frozen=True)
class Side:
    run: Progress
    summary: Summary


@dataclass(frozen=True)
class BesidePage(ShellPage):
    template = "explanations/beside.html"
    sides: tuple[Side, Side]
    differences: Sequence[tuple[Difference, str]]
    which: Difference
    found: int
    pairs: Sequence[tuple[Output, Output]]
    page: int
    has_more: bool
