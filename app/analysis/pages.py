"""What researchers see of a study's results."""

from dataclasses import dataclass

from app.analysis.live import Live
from app.exports.base import Format
from app.jobs.pages import Work
from app.web.shell import ShellPage


@dataclass(frozen=True)
class MadeTable:
    """A table that the background makes, in the words of the form that asks for it."""

    label: str
    work: Work


@dataclass(frozen=True, kw_only=True)
class ResultsPage(ShellPage):
    """`level` is what the viewer may do; `is_open` says that people may still come: looking is peeking.

    `versions`: which a report can be of, with their words; none where all are alike. `left_out`: people who
    answered and do not count, so that a plain export is without them.
    """

    template = "analysis/results.html"
    slug: str
    title: str
    level: str
    is_for_people: bool
    left_out: int
    is_open: bool
    formats: tuple[tuple[Format, str], ...]
    package: Work
    report: Work
    tables: tuple[MadeTable, ...]
    versions: tuple[tuple[str, str], ...]
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class LivePage(ShellPage):
    template = "analysis/live.html"
    slug: str
    live: Live
