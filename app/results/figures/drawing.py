"""All figures of a study, drawn and written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from app.results.analysis.material import Material
from app.results.figures import course, ratings
from app.results.figures.style import save, style

Draw = Callable[[Material], Figure | str]
FIGURES: dict[str, tuple[str, Draw]] = {
    "means": ("Mean rating of each construct and condition, with standard errors.", ratings.mean_bars),
    "likert": ("Shares of each rating, from the middle of the scale.", ratings.likert),
    "effects": ("Effect sizes of all pairs of conditions, with 95 % intervals.", ratings.effect_forest),
    "correctness": ("Ratings where the student's answer was right or wrong.", ratings.by_correctness),
    "coverage": ("Number of ratings of each text.", course.coverage),
    "times": ("Time per page.", course.page_times),
    "order": ("Ratings by position in the participant's order.", course.order_effects),
}


@dataclass(frozen=True)
class Drawn:
    """A figure's files share `name`; without any, `sentence` says why."""

    name: str
    caption: str
    sentence: str = ""


def draw_all(material: Material, folder: Path, stamp: str) -> list[Drawn]:
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    with style():
        for name, (caption, draw) in FIGURES.items():
            figure = draw(material)
            if isinstance(figure, str):
                found.append(Drawn(name, caption, figure))
            else:
                save(figure, folder, name, stamp)
                found.append(Drawn(name, caption))
    return found
