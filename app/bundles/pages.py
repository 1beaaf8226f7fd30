from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.bundles.queries import BundleRow, ExplanationRow
from app.models import Bundle
from app.paging import Paged
from app.web.shell import ShellPage


@dataclass(frozen=True, kw_only=True)
class BundlesPage(ShellPage):
    """`aside` lists rows of the last import that fit no question."""

    template = "bundles/bundles.html"
    bundles: Sequence[BundleRow]
    question_sets: Sequence[str]
    upload_mb: int
    data: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    done: str = ""
    aside: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BundlePage(ShellPage):
    template = "bundles/bundle.html"
    bundle: Bundle
    question_set: str
    explanations: Paged[ExplanationRow]
