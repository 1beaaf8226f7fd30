"""Figures of what the cumulative link mixed models say on the scale's own points."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from app.analysis.figures.models import Estimate, forest
from app.analysis.figures.style import colour
from app.analysis.material import Material
from app.analysis.tidy import Key, Note, Statistic


def cells_of(values: Sequence[Statistic | Note], analysis: str, variant: str) -> dict[Key, dict[str, float]]:
    """The figures of one analysis, by place."""
    cells: dict[Key, dict[str, float]] = {}
    for one in values:
        if isinstance(one, Statistic) and (one.key.analysis, one.key.variant) == (analysis, variant):
            cells.setdefault(one.key, {})[one.quantity] = one.value
    return cells


def expected_ratings(material: Material, values: Sequence[Statistic | Note], width_in: float) -> Figure | str:
    """The mean rating that each model expects in each condition, of all rows, over the whole scale."""
    cells = cells_of(values, "clmm_means", "all_rows")
    panels = {
        construct: [
            Estimate(
                label=key.group1,
                value=one["estimate"],
                low=one["low"],
                high=one["high"],
                colour=colour(material.conditions.index(key.group1)),
            )
            for key, one in cells.items()
            if key.construct == construct
        ]
        for construct in material.constructs
    }
    panels = {construct: rows for construct, rows in panels.items() if rows}
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
