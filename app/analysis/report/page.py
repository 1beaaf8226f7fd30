"""What a report's template may read."""

from dataclasses import dataclass
from typing import ClassVar

from app.web.pages import Page


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
    template: ClassVar[str] = "analysis/report.html"
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
