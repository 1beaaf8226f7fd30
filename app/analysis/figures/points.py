"""Figures of what the cumulative link mixed models say on the scale's own points."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from app.analysis.figures.models import Estimate, forest, panels_of
from app.analysis.figures.style import colour
from app.analysis.material import Material
from app.analysis.tidy import Note, Statistic, by_key


def expected_ratings(material: Material, values: Sequence[Statistic | Note], width_in: float) -> Figure | str:
    """The mean rating that each model expects in each condition, of all rows, over the whole scale."""
    panels = panels_of(
        material,
        {
            key: Estimate(
                label=key.group1,
                value=one["estimate"],
                low=one["low"],
                high=one["high"],
                colour=colour(material.conditions.index(key.group1)),
            )
            for key, one in by_key(values, analysis="clmm_means", variant="all_rows").items()
        },
    )
    if not panels:
        return "No cumulative link mixed model could be fitted, so there are no expected ratings."
    figure, drawn = forest(panels, None, width_in)
    given = material.frame[list(panels)]
    low, high = min(1.0, given.min().min()), max(len(material.scale), given.max().max())
    room = (high - low) / 25
    drawn[0].set_xlim(low - room, high + room)  # shared by all panels
    drawn[0].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.supxlabel("Expected rating, on the scale's points", fontsize=7)
    return figure
