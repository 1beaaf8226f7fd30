"""Figures of how the study went: coverage of texts, time per page, order."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter

from app.analysis.figures.labels import LINE_IN, beside, legend_below, lines_of
from app.analysis.figures.style import colour, single
from app.analysis.material import QUALITY, Material
from app.analysis.statistics.base import Undefined, groups
from app.analysis.statistics.describe import describe

DURATION = "duration_ms"
POSITION = "position"


def coverage(material: Material, width_in: float) -> Figure | str:
    """How many ratings each text got: questions across, conditions down."""
    if material.frame.empty:
        return "There are no ratings, so there is nothing to draw."
    counts = material.frame.pivot_table(
        index="condition", columns="question", values=QUALITY, aggfunc="size", observed=False, fill_value=0
    )
    table = counts.reindex(list(material.conditions)).to_numpy(np.float64)
    table = table[:, np.argsort(-table.sum(axis=0), kind="stable")]
    labels = beside(material.conditions, width_in)
    row_in = max(0.22, LINE_IN * (lines_of(labels) + 0.5))
    figure, axes = single(width_in, 0.9 + row_in * len(labels))
    image = axes.imshow(table, aspect="auto", cmap="cividis", vmin=0, interpolation="nearest")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel(f"{table.shape[1]} questions, the most rated first")
    bar = figure.colorbar(image, ax=axes, pad=0.01)
    bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    bar.set_label("ratings")
    return figure


def page_times(material: Material, width_in: float) -> Figure | str:
    """Seconds from seeing an explanation to sending its ratings, on a logarithmic scale."""
    if not material.has(DURATION):
        return "Times per page were not recorded."
    figure, axes = single(width_in, 2.2)
    seconds = material.frame[DURATION].dropna() / 1000
    seconds = seconds[seconds > 0]
    if seconds.empty:
        return "Times per page were not recorded."
    low, high = np.log10(seconds.min()), np.log10(seconds.max())
    edges = np.logspace(low, max(high, low + 0.1), 30)
    for number, condition in enumerate(material.conditions):
        values = groups(material.frame, DURATION).get(condition, np.zeros(0)) / 1000
        axes.hist(values, edges.tolist(), histtype="step", color=colour(number), label=condition, linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("Seconds per page")
    axes.set_ylabel("Responses")
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure


def order_effects(material: Material, width_in: float) -> Figure | str:
    """Mean of the constructs by position, with its standard error."""
    if not material.has(POSITION):
        return "The order in which explanations were seen was not recorded."
    figure, axes = single(width_in, 2.2)
    frame = material.frame
    for number, condition in enumerate(material.conditions):
        rows = frame[(frame["condition"] == condition) & frame[QUALITY].notna()]
        drawn = []
        for position, group in rows.groupby(POSITION):
            one = describe(np.asarray(group[QUALITY], dtype=np.float64))
            if not isinstance(one, Undefined):
                drawn.append((float(str(position)), one.mean, one.se or 0.0))
        if drawn:
            places, means, errors = zip(*drawn, strict=True)
            shift = (number - (len(material.conditions) - 1) / 2) * 0.08
            axes.errorbar(
                [place + shift for place in places],
                means,
                yerr=errors,
                color=colour(number),
                label=condition,
                linewidth=0.9,
                elinewidth=0.6,
                marker="o",
                markersize=2,
            )
    axes.set_xlabel("Position in the participant's order")
    axes.set_ylabel("Mean of the constructs ± SE")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure
