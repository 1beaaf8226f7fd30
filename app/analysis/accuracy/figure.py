"""The bar figure: mean accuracy ± standard error per size and condition, with and without outliers."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from app.analysis.accuracy.comparing import Analysis, Comparison
from app.analysis.accuracy.runs import Run
from app.analysis.figures.labels import legend_below
from app.analysis.figures.style import PAGE, blank, colour

# They tell conditions apart in print, and where there are more of them than colours.
HATCHES = ("", "//", "..", "xx", "\\\\", "--", "++", "oo")
HEIGHT, MOST_COLUMNS = 3.0, 5


def accuracy_bars(found: Comparison, titles: Mapping[str, str]) -> Figure:
    """One panel for each version of the runs, `titles` by its name."""
    figure = blank(PAGE, HEIGHT)
    panels = figure.subplots(1, len(found.versions), sharey=True, squeeze=False)[0]
    for axes, (version, analysis) in zip(panels, found.versions.items(), strict=True):
        axes.set_title(f"{titles[version]} (n = {len(analysis.runs)})")
        draw_panel(axes, analysis, found)
    panels[0].set_ylabel("Test accuracy in %, mean ± SE")
    handles, labels = panels[0].get_legend_handles_labels()
    legend_below(figure, handles, labels, MOST_COLUMNS)
    return figure


def draw_panel(axes: Axes, analysis: Analysis, found: Comparison) -> None:
    """Draw one group of bars per size; every run is a dot, an outlier of the rule a cross."""
    width = 0.8 / len(found.conditions)
    for number, condition in enumerate(found.conditions):
        offset = (number - (len(found.conditions) - 1) / 2) * width
        cells = [cell for cell in analysis.cells if cell.condition == condition]
        axes.bar(
            [found.sizes.index(cell.size) + offset for cell in cells],
            [cell.described.mean for cell in cells],
            width * 0.92,
            yerr=[cell.described.se or 0.0 for cell in cells],
            color=colour(number),
            hatch=HATCHES[number % len(HATCHES)],
            hatch_linewidth=0.5,
            edgecolor="white",
            error_kw={"elinewidth": 0.8, "capsize": 2},
            label=condition,
        )
        runs = [run for run in analysis.runs if run.condition == condition]
        draw_runs(axes, [run for run in runs if run not in found.left_out], found.sizes, offset, "o")
        draw_runs(axes, [run for run in runs if run in found.left_out], found.sizes, offset, "x")
    axes.set_xticks(range(len(found.sizes)), found.sizes)


def draw_runs(axes: Axes, runs: Sequence[Run], sizes: Sequence[str], offset: float, marker: str) -> None:
    places = [sizes.index(run.size) + offset for run in runs]
    heights = [run.accuracy for run in runs]
    axes.plot(places, heights, marker, color="black", markersize=2.2, markeredgewidth=0.6, alpha=0.7)
