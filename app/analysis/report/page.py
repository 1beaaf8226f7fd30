"""What a report's template may read, and what every report is stamped with."""

import base64
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from app.analysis.report.tables import Table
from app.exports.escaping import one_line
from app.web.pages import Page

Stamp = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ReportFigure:
    """`source` is the picture itself (a data: address), or `sentence` says why there is none."""

    name: str
    caption: str
    source: str
    sentence: str


def embedded(name: str, caption: str, folder: Path) -> ReportFigure:
    """A figure as a data: address, so that the report is one file."""
    picture = base64.b64encode((folder / f"{name}.svg").read_bytes()).decode()
    source = f"data:image/svg+xml;base64,{picture}"
    return ReportFigure(name=name, caption=caption, source=source, sentence="")


@dataclass(frozen=True, kw_only=True)
class ReportRule:
    """An exclusion rule, or a reason that a researcher wrote, and what it is about."""

    rule: str
    people: int
    responses: int


@dataclass(frozen=True, kw_only=True)
class ReportFindings:
    """`rows`: which rows the sentences are about."""

    rows: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReportPage(Page):
    template: ClassVar[str] = "analysis/report.html"
    title: str
    stamp: Stamp
    standing: tuple[str, ...]
    flow: tuple[tuple[str, int], ...]
    rules: tuple[ReportRule, ...]
    are_rules_declared: bool
    by_hand: tuple[ReportRule, ...]
    missing: tuple[str, ...]
    cautions: tuple[str, ...]
    findings: tuple[ReportFindings, ...]
    methods: tuple[str, ...]
    figures: tuple[ReportFigure, ...]
    models: tuple[Table, ...]
    others: tuple[Table, ...]


def software() -> str:
    return f"Honeyglass {version('honeyglass')}"


def told_once(stamp: Stamp) -> str:
    """The stamp as one line, for a file's own description."""
    return one_line("; ".join(f"{name}: {value}" for name, value in stamp))
