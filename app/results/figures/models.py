"""Figures of estimates with their intervals: a panel for each outcome, a line for each pair of conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, ScalarFormatter

from app.results.analysis.material import Material
from app.results.analysis.tidy import Figure as Value
from app.results.analysis.tidy import Key, Note
from app.results.figures.style import CONDITION_COLOURS, PAGE, blank

TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10)  # odds ratios


@dataclass(frozen=True)
class Estimate:
    label: str
    value: float
    low: float | None
    high: float | None


def odds_forest(material: Material, values: Sequence[Value | Note], width_in: float) -> Figure | str:
    """Odds ratios with 95 % Wald intervals from the cumulative link mixed models on all rows."""
    cells: dict[Key, dict[str, float]] = {}
    for one in values:
        if isinstance(one, Value) and (one.key.analysis, one.key.variant) == ("clmm_contrasts", "all_rows"):
            cells.setdefault(one.key, {})[one.quantity] = one.value
    panels = {
        construct: [
            Estimate(
                f"{key.group1} – {key.group2}",
                *(one[name] for name in ("odds_ratio", "odds_ratio_low", "odds_ratio_high")),
            )
            for key, one in cells.items()
            if key.construct == construct
        ]
        for construct in material.constructs
    }
    panels = {construct: rows for construct, rows in panels.items() if rows}
    if not panels:
        return "No cumulative link mixed model could be fitted, so there are no odds ratios."
    figure, drawn = forest(panels, 1, width_in)
    for axes in drawn:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(TICKS))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(NullFormatter())
    figure.supxlabel("Odds ratio: above 1, the second condition is rated higher", fontsize=7)
    return figure


def forest(
    panels: Mapping[str, Sequence[Estimate]], neutral: float, width_in: float
) -> tuple[Figure, list[Axes]]:
    """`neutral` is the value that means no difference."""
    across = 3 if width_in == PAGE else 1
    down = -(-len(panels) // across)
    lines = max(map(len, panels.values()))
    figure = blank(width_in, (0.5 if across > 1 else 0.25) * down + 0.2 * (1 + lines * down))
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes, (outcome, estimates) in zip(grid, panels.items(), strict=False):
        axes.axvline(neutral, color="grey", linewidth=0.6, linestyle="--")
        for place, one in enumerate(estimates):
            if one.low is not None and one.high is not None:
                axes.plot([one.low, one.high], [place, place], color=CONDITION_COLOURS[0], linewidth=1)
            axes.plot([one.value], [place], "o", color=CONDITION_COLOURS[0], markersize=3)
        axes.set_title(outcome, loc="left", pad=2)
        axes.set_yticks(range(len(estimates)), [one.label for one in estimates])
        axes.set_ylim(lines - 0.5, -0.5)
    for axes in grid[max(0, len(panels) - across) : len(panels)]:
        axes.tick_params(labelbottom=True)  # the last of each column, even above an empty place
    return figure, list(grid[: len(panels)])
