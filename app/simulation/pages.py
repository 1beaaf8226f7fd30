from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.jobs.pages import Work
from app.web.shell import ShellPage


@dataclass(frozen=True, kw_only=True)
class RehearsalPage(ShellPage):
    """`result` is what the last run came to, as `honeyglass simulate --json` prints it."""

    template = "simulation/rehearsal.html"
    slug: str
    is_for_people: bool
    is_live: bool
    work: Work
    result: Mapping[str, Any] | None
    data: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
