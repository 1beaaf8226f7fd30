"""All figures of a study, drawn and written."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from app.analysis.figures import course, models, points, ratings, thresholds
from app.analysis.figures.style import COLUMN, PAGE, save, style
from app.analysis.material import Material
from app.analysis.tidy import Note, Statistic

Draw = Callable[[Material, float], Figure | str]
ANY, NARROW = (PAGE, COLUMN), (COLUMN,)
# Caption, function, and the widths it is drawn at, the report's first.
FIGURES: dict[str, tuple[str, Draw, tuple[float, ...]]] = {
    "means": (
        "Mean rating of each construct and condition; standard errors take ratings as independent.",
        ratings.mean_bars,
        ANY,
    ),
    "likert": ("Shares of each rating, from the middle of the scale.", ratings.likert, ANY),
    "effects": (
        "Effect sizes of all pairs of conditions; their 95 % intervals take ratings as independent.",
        ratings.effect_forest,
        ANY,
    ),
    "correctness": (
        "Ratings where the student's answer was right or wrong.",
        ratings.by_correctness,
        NARROW,
    ),
    "coverage": ("Number of ratings of each text.", course.coverage, ANY),
    "times": ("Time per page.", course.page_times, NARROW),
    "order": ("Ratings by position in the participant's order.", course.order_effects, NARROW),
}


@dataclass(frozen=True)
class Drawn:
    """A figure's files share `name`; without any, `sentence` says why."""

    name: str
    caption: str
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What figures are drawn of, and where they go."""

    material: Material
    folder: Path
    stamp: str

    def draw_ratings(self, executor: Executor) -> list[Future[Drawn]]:
        """Figures for which no model is needed, begun."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return [executor.submit(self.draw_named, name) for name in FIGURES]

    def draw_models(self, executor: Executor, values: Sequence[Statistic | Note]) -> list[Future[Drawn]]:
        return [executor.submit(self.draw_named, name, values) for name in of_models(())]

    def draw_named(self, name: str, values: Sequence[Statistic | Note] = ()) -> Drawn:
        return self.draw(name, *(of_models(values) | FIGURES)[name])

    def draw(self, name: str, caption: str, draw: Draw, widths: Sequence[float]) -> Drawn:
        """Draw name.* and, if that is as wide as a page, name-column.* for a paper's column."""
        with style():
            sentences = [
                draw_one(draw(self.material, width), self.folder, name + suffix, self.stamp)
                for width, suffix in zip(widths, ("", "-column"), strict=False)
            ]
        return Drawn(name, caption, sentences[0])


def of_models(values: Sequence[Statistic | Note]) -> dict[str, tuple[str, Draw, tuple[float, ...]]]:
    """Figures of what has been computed; they come first, as models that know of people and items do."""

    def odds(material: Material, width_in: float) -> Figure | str:
        return models.odds_forest(material, values, width_in)

    def expected(material: Material, width_in: float) -> Figure | str:
        return points.expected_ratings(material, values, width_in)

    def uneven(material: Material, width_in: float) -> Figure | str:
        return thresholds.threshold_differences(material, values, width_in)

    return {
        "odds": ("Odds ratios of all pairs of conditions: cumulative link mixed models.", odds, ANY),
        "expected": (
            "Expected rating in each condition over all people and texts: cumulative link mixed models.",
            expected,
            ANY,
        ),
        "thresholds": (
            "Differences with 95 % intervals at each threshold that has a bound in both conditions.",
            uneven,
            ANY,
        ),
    }


def draw_one(figure: Figure | str, folder: Path, name: str, stamp: str) -> str:
    """Save a figure; the sentence, if there is one instead."""
    if isinstance(figure, str):
        return figure
    save(figure, folder, name, stamp)
    return ""
