"""What the template of an experiment's report may read."""

from dataclasses import dataclass
from typing import ClassVar

from app.analysis.report.page import ReportFigure
from app.analysis.report.tables import Table
from app.web.pages import Page


@dataclass(frozen=True, kw_only=True)
class AccuracyPage(Page):
    """`conclusion` says whether the outlier rule turns anything; `sentences` are the rest."""

    template: ClassVar[str] = "analysis/accuracy.html"
    stamp: tuple[tuple[str, str], ...]
    conclusion: str
    sentences: tuple[str, ...]
    figure: ReportFigure
    tables: tuple[Table, ...]
