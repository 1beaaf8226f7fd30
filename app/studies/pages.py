"""What researchers see of studies."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.paging import Paged
from app.published import Published
from app.studies.check import Check
from app.studies.queries import ConditionNumbers, ItemRow, Overview, Share
from app.web.pages import Page
from app.web.shell import ShellPage


@dataclass(frozen=True, kw_only=True)
class StudiesPage(ShellPage):
    template = "studies/studies.html"
    studies: Sequence[Overview]


@dataclass(frozen=True, kw_only=True)
class DraftPage(ShellPage):
    """Writes a definition. `slug` is empty for a new study; `problem` and `advice` say what was found."""

    template = "studies/draft.html"
    slug: str
    text: str
    problem: str = ""
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Numbers:
    """How a study fills; moves while people take it."""

    overview: Overview
    conditions: Sequence[ConditionNumbers]


@dataclass(frozen=True, kw_only=True)
class NumbersFragment(Page):
    template = "studies/numbers.html"
    numbers: Numbers


@dataclass(frozen=True, kw_only=True)
class StudyPage(ShellPage):
    """`level` is what the viewer may do: view, edit or own."""

    template = "studies/study.html"
    slug: str
    level: str
    address: str
    link: str
    people_needed: int
    definition: str
    has_changed: bool
    missing: Sequence[str]
    numbers: Numbers
    versions: Sequence[Published]
    shares: Sequence[Share]
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class ItemsPage(ShellPage):
    template = "studies/items.html"
    slug: str
    version: int
    items: Paged[ItemRow]


@dataclass(frozen=True, kw_only=True)
class CheckPage(ShellPage):
    template = "studies/check.html"
    slug: str
    check: Check
