"""A figure of conditions' differences at each threshold of the scale, beside the one for all thresholds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from app.analysis.figures.labels import TITLE, legend_below, lines_of, wrapped
from app.analysis.figures.style import PAGE, blank, colour
from app.analysis.material import Material
from app.analysis.tidy import Key, Note, Statistic, by_key

SPREAD = 0.5  # of the room between two thresholds: where conditions stand side by side


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One construct: differences from its reference by condition and threshold; `whole`: one for all."""

    reference: str
    cuts: tuple[str, ...]
    differences: Mapping[str, Mapping[str, Mapping[str, float]]]
    whole: Mapping[str, float]


def threshold_differences(
    material: Material, values: Sequence[Statistic | Note], width_in: float
) -> Figure | str:
    """Log odds of a rating above each threshold against the reference, on all rows, with 95 % intervals."""
    panels = panels_of(material, values)
    if not panels:
        return "No model with thresholds by condition could be fitted, so there are no differences at each."
    across = 3 if width_in == PAGE else 1
    down = -(-len(panels) // across)
    room_in = width_in / across - 0.5
    titles = [wrapped(construct, room_in, TITLE) for construct in panels]
    above_in = 0.12 * (lines_of(titles) - 1)
    figure = blank(width_in, (1.7 + above_in) * down + 0.3)
    grid = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes, title, panel in zip(grid, titles, panels.values(), strict=False):
        draw(axes, panel, material)
        axes.set_title(title, loc="left", pad=2)
    for axes in grid[::across]:
        axes.set_ylabel("Difference in log odds")
    for axes in grid[max(0, len(panels) - across) : len(panels)]:
        axes.set_xlabel("Threshold")
    legend_below(figure, *key_of(material, panels.values()), 2)
    return figure


def panels_of(material: Material, values: Sequence[Statistic | Note]) -> dict[str, Panel]:
    cells = by_key(values, analysis="clmm_nominal_differences", variant="all_rows")
    whole = by_key(values, analysis="clmm_contrasts", variant="all_rows")
    found = {
        construct: [key for key in cells if key.construct == construct] for construct in material.constructs
    }
    return {
        construct: panel_of(
            keys[0].group1, [key for key in keys if key.group1 == keys[0].group1], cells, whole
        )
        for construct, keys in found.items()
        if keys
    }


def panel_of(
    reference: str,
    keys: Sequence[Key],
    cells: Mapping[Key, Mapping[str, float]],
    whole: Mapping[Key, Mapping[str, float]],
) -> Panel:
    differences: dict[str, dict[str, Mapping[str, float]]] = {}
    one_for_all = {}
    for key in keys:
        differences.setdefault(key.group2, {})[key.term] = cells[key]
        one = whole.get(replace(key, analysis="clmm_contrasts", term=""))
        if one is not None:
            one_for_all[key.group2] = one["estimate"]
    cuts = sorted({key.term for key in keys}, key=lambda cut: float(cut.split("|")[0]))
    return Panel(reference=reference, cuts=tuple(cuts), differences=differences, whole=one_for_all)


def draw(axes: Axes, panel: Panel, material: Material) -> None:
    axes.axhline(0, color="grey", linewidth=0.6)
    for place, (condition, by_cut) in enumerate(panel.differences.items()):
        shift = SPREAD * ((place + 0.5) / len(panel.differences) - 0.5)
        drawn = colour(material.conditions.index(condition))
        if condition in panel.whole:
            axes.axhline(panel.whole[condition], color=drawn, linewidth=0.8, linestyle="--")
        for cut, one in by_cut.items():
            at = panel.cuts.index(cut) + shift
            axes.plot([at, at], [one["low"], one["high"]], color=drawn, linewidth=1)
            axes.plot([at], [one["estimate"]], "o", color=drawn, markersize=2.5)
    axes.set_xticks(range(len(panel.cuts)), panel.cuts)
    axes.set_xlim(-0.5, len(panel.cuts) - 0.5)


def key_of(material: Material, panels: Collection[Panel]) -> tuple[list[Artist], list[str]]:
    shown = {condition for panel in panels for condition in panel.differences}
    references = dict.fromkeys(panel.reference for panel in panels)
    handles: list[Artist] = [Line2D([], [], color="grey", linewidth=0.6) for _ in references]
    labels = [f"{reference} (0)" for reference in references]
    for number, condition in enumerate(material.conditions):
        if condition in shown:
            handles.append(Line2D([], [], color=colour(number), linewidth=1, marker="o", markersize=2.5))
            labels.append(condition)
    handles.append(Line2D([], [], color="black", linewidth=0.8, linestyle="--"))
    return handles, [*labels, "one difference for all thresholds"]
