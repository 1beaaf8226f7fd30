"""What researchers see of a study's results."""

from dataclasses import dataclass
from datetime import datetime

from app.analysis.live import Live
from app.exports.base import Format
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

    template = "analysis/results.html"
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
    template = "analysis/live.html"
    slug: str
    live: Live
