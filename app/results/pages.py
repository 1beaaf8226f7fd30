"""What researchers see of a study's results, and what the report's template may read."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.results.base import Format
from app.results.live import Live
from app.web.pages import Page
from app.web.shell import ShellPage


@dataclass(frozen=True)
class Made:
    """A file that a command makes: `begun` and `progress` while it is under way, `at` once there is one."""

    is_running: bool
    begun: datetime | None
    progress: float | None
    at: datetime | None
    problem: str


@dataclass(frozen=True)
class ResultsPage(ShellPage):
    """`level` is what the viewer may do; `is_open` says that people may still come: looking is peeking.

    `left_out`: people who answered and do not count, so that a plain export is without them.
    """

    template = "results/results.html"
    slug: str
    title: str
    level: str
    is_for_people: bool
    left_out: int
    is_open: bool
    formats: tuple[tuple[Format, str], ...]
    package: Made
    report: Made
    problem: str = ""


@dataclass(frozen=True)
class LivePage(ShellPage):
    template = "results/live.html"
    slug: str
    live: Live


@dataclass(frozen=True)
class ReportTable:
    """`notes` stand where figures could not be computed."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportFigure:
    """`source` is the picture itself (a data: address), or `sentence` says why there is none."""

    name: str
    caption: str
    source: str
    sentence: str


@dataclass(frozen=True)
class ReportRule:
    rule: str
    people: int
    responses: int


@dataclass(frozen=True)
class ReportFindings:
    """`rows`: which rows the sentences are about."""

    rows: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class ReportPage(Page):
    template: ClassVar[str] = "results/report.html"
    title: str
    stamp: tuple[tuple[str, str], ...]
    flow: tuple[tuple[str, int], ...]
    rules: tuple[ReportRule, ...]
    missing: tuple[str, ...]
    cautions: tuple[str, ...]
    findings: tuple[ReportFindings, ...]
    methods: tuple[str, ...]
    figures: tuple[ReportFigure, ...]
    models: tuple[ReportTable, ...]
    others: tuple[ReportTable, ...]
