"""Figures of estimates with their intervals: a panel for each outcome, a line for each pair of conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from app.analysis.figures.labels import LINE_IN, LONGEST, TITLE, beside, lines_of, width_of, wrapped
from app.analysis.figures.style import PAGE, blank, colour
from app.analysis.material import Material
from app.analysis.tidy import Key, Note, Statistic, by_key

LOG_STEPS = ((1, 1.5, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
GAP_PX = 3


@dataclass(frozen=True, kw_only=True)
class Estimate:
    label: str
    value: float
    low: float | None
    high: float | None
    colour: str = colour(0)


def panels_of(material: Material, estimates: Mapping[Key, Estimate]) -> dict[str, list[Estimate]]:
    """Those of each construct that has any."""
    found: dict[str, list[Estimate]] = {construct: [] for construct in material.constructs}
    for key, one in estimates.items():
        found[key.construct].append(one)
    return {construct: rows for construct, rows in found.items() if rows}


def odds_forest(material: Material, values: Sequence[Statistic | Note], width_in: float) -> Figure | str:
    """Odds ratios with 95 % Wald intervals from the cumulative link mixed models on all rows."""
    panels = panels_of(
        material,
        {
            key: Estimate(
                label=f"{key.group1} – {key.group2}",
                value=one["odds_ratio"],
                low=one["odds_ratio_low"],
                high=one["odds_ratio_high"],
            )
            for key, one in by_key(values, analysis="clmm_contrasts", variant="all_rows").items()
        },
    )
    if not panels:
        return "No cumulative link mixed model could be fitted, so there are no odds ratios."
    figure, drawn = forest(panels, 1, width_in)
    for axes in drawn:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    for steps in LOG_STEPS:  # as many as find room
        drawn[0].xaxis.set_major_locator(LogLocator(subs=steps, numticks=9))  # shared by all panels
        figure.draw_without_rendering()
        if not any(are_crowded(axes) for axes in drawn):
            break
    figure.supxlabel("Odds ratio: above 1, the second condition is rated higher", fontsize=7)
    return figure


def are_crowded(axes: Axes) -> bool:
    """Whether numbers under the x axis touch each other."""
    low, high = axes.get_xlim()
    shown = [
        tick.label1.get_window_extent()
        for tick in axes.xaxis.get_major_ticks()
        if low <= tick.get_loc() <= high and tick.label1.get_visible()
    ]
    return any(one.x1 + GAP_PX > other.x0 for one, other in pairwise(sorted(shown, key=lambda box: box.x0)))


def forest(
    panels: Mapping[str, Sequence[Estimate]], neutral: float | None, width_in: float
) -> tuple[Figure, list[Axes]]:
    """`neutral` means no difference, if any value does. A label has the same line in every panel."""
    across = 3 if width_in == PAGE else 1
    down = -(-len(panels) // across)
    labels = list(dict.fromkeys(one.label for estimates in panels.values() for one in estimates))
    told = beside(labels, width_in, 2 * LONGEST)  # of two conditions
    room_in = (width_in - max(map(width_of, told))) / across - 0.2
    titles = [wrapped(outcome, room_in, TITLE) for outcome in panels]
    above_in = (0.5 if across > 1 else 0.25) + 0.12 * (lines_of(titles) - 1)
    row_in = max(0.2, LINE_IN * (lines_of(told) + 0.5))
    figure = blank(width_in, above_in * down + 0.2 + row_in * len(labels) * down)
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes, title, estimates in zip(grid, titles, panels.values(), strict=False):
        if neutral is not None:
            axes.axvline(neutral, color="grey", linewidth=0.6, linestyle="--")
        for one in estimates:
            line = labels.index(one.label)
            if one.low is not None and one.high is not None:
                axes.plot([one.low, one.high], [line, line], color=one.colour, linewidth=1)
            axes.plot([one.value], [line], "o", color=one.colour, markersize=3)
        axes.set_title(title, loc="left", pad=2)
    grid[0].set_yticks(range(len(told)), told)
    grid[0].set_ylim(len(labels) - 0.5, -0.5)
    for axes in grid[max(0, len(panels) - across) : len(panels)]:
        axes.tick_params(labelbottom=True)  # the last of each column, even above an empty place
    return figure, list(grid[: len(panels)])
