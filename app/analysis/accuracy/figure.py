"""The bar figure: mean accuracy ± standard error per size and condition, with and without outliers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from app.analysis.accuracy.analysis import Analysis
from app.analysis.accuracy.runs import Run
from app.analysis.figures.style import CONDITION_COLOURS, METADATA

# They tell conditions apart in print.
HATCHES = ("", "//", "..", "xx", "\\\\", "--", "++", "oo")
WIDTH, HEIGHT = 7.16, 3.0  # inches: both columns of a paper
RC: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "honeyglass",
}


def write_figure(
    out: Path,
    variants: Mapping[str, Analysis],
    conditions: Sequence[str],
    sizes: Sequence[str],
    left_out: Sequence[Run],
) -> list[str]:
    """Write accuracy.svg, .pdf and .png, one panel per variant; the same data give the same bytes."""
    with mpl.rc_context(RC):
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(variants), sharey=True, squeeze=False)[0]
        for axes, (title, analysis) in zip(panels, variants.items(), strict=True):
            axes.set_title(f"{title} (n = {len(analysis.runs)})")
            draw_panel(axes, analysis, conditions, sizes, left_out)
        panels[0].set_ylabel("Test accuracy in %, mean ± SE")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 5))
        names = [f"accuracy.{kind}" for kind in METADATA]
        for name, (kind, metadata) in zip(names, METADATA.items(), strict=True):
            figure.savefig(out / name, format=kind, dpi=300, metadata=metadata)
    return names


def draw_panel(
    axes: Axes, analysis: Analysis, conditions: Sequence[str], sizes: Sequence[str], left_out: Sequence[Run]
) -> None:
    """Draw one group of bars per size; every run is a dot, an outlier of the rule a cross."""
    width = 0.8 / len(conditions)
    for number, condition in enumerate(conditions):
        offset = (number - (len(conditions) - 1) / 2) * width
        cells = [cell for cell in analysis.cells if cell.condition == condition]
        axes.bar(
            [sizes.index(cell.size) + offset for cell in cells],
            [cell.mean for cell in cells],
            width * 0.92,
            yerr=[0.0 if np.isnan(cell.se) else cell.se for cell in cells],
            color=CONDITION_COLOURS[number % len(CONDITION_COLOURS)],
            hatch=HATCHES[number % len(HATCHES)],
            edgecolor="white",
            error_kw={"elinewidth": 0.8, "capsize": 2},
            label=condition,
        )
        runs = [run for run in analysis.runs if run.condition == condition]
        odd = [run for run in runs if run in left_out]
        draw_runs(axes, [run for run in runs if run not in left_out], sizes, offset, "o")
        draw_runs(axes, odd, sizes, offset, "x")
    axes.set_xticks(range(len(sizes)), sizes)


def draw_runs(axes: Axes, runs: Sequence[Run], sizes: Sequence[str], offset: float, marker: str) -> None:
    places = [sizes.index(run.size) + offset for run in runs]
    heights = [run.accuracy for run in runs]
    axes.plot(places, heights, marker, color="black", markersize=2.2, markeredgewidth=0.6, alpha=0.7)
