"""How every figure looks, and how it is written: vector and picture, the same bytes for the same data."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from app.analysis.figures.labels import FONT, SMALL, TITLE

COLUMN = 3.5  # inches: one column of a two-column paper
PAGE = 7.16
# Okabe & Ito 2008: told apart by colour-blind readers. A condition keeps its colour in every figure.
# They stand for data, so they are here and not in static/tokens.css.
CONDITION_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
RC: Any = {
    "font.family": FONT,
    "font.size": 7,
    "axes.titlesize": TITLE,
    "axes.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "text.parse_math": False,  # a $ in a label is a dollar
    "figure.facecolor": "white",
    "pdf.fonttype": 42,
    "svg.hashsalt": "honeyglass",
    "svg.fonttype": "path",
}
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
}


def colour(number: int) -> str:
    return CONDITION_COLOURS[number % len(CONDITION_COLOURS)]


def style() -> Any:  # noqa: ANN401  # matplotlib's own context manager
    """Draw and write figures inside this."""
    return mpl.rc_context(RC)


def blank(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def single(width: float, height: float) -> tuple[Figure, Axes]:
    figure = blank(width, height)
    return figure, figure.add_subplot()


def save(figure: Figure, folder: Path, name: str, stamp: str) -> None:
    """Write name.svg, name.pdf and name.png. The stamp goes into the files' own description."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # it is laid out now, and need not be for every file
    for kind, metadata in METADATA.items():
        named = "Subject" if kind == "pdf" else "Description"
        path = folder / f"{name}.{kind}"
        figure.savefig(path, format=kind, dpi=300, metadata={**metadata, named: stamp})
