"""Labels that fit: wrapped to a width that is measured, with as many rows of a legend as they need."""

from collections.abc import Sequence
from functools import lru_cache

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

FONT = "DejaVu Sans"  # comes with matplotlib, so that figures are the same everywhere
SMALL = 6.5  # points: ticks and legends
TITLE = 7.5
LINE_IN = 0.11  # one line of small letters
LONGEST = 90  # letters; what is longer is a text, and not a label
SLANT_DEGREES = 30
SLANT = 0.5  # its sine
MARGIN_IN = 0.1
LEFT = 0.36  # of the width


@lru_cache(maxsize=4096)
def width_of(text: str, size: float = SMALL) -> float:
    """The width in inches of the widest line."""
    if "\n" in text:
        return max(width_of(line, size) for line in text.split("\n"))
    width, _, _ = text_to_path.get_text_width_height_descent(
        text, FontProperties(family=FONT, size=size), False
    )
    return float(width) / 72


def shortened(text: str, longest: int = LONGEST) -> str:
    """The label on one line, cut where it is no label any more."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def wrapped(text: str, room_in: float, size: float = SMALL, longest: int = LONGEST) -> str:
    """The label in lines no wider than the room; a word that is wider is broken."""
    lines: list[str] = []
    for word in shortened(text, longest).split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size) <= room_in:
            lines[-1] = longer
        else:
            lines += broken(word, room_in, size)
    return "\n".join(lines)


def broken(word: str, room_in: float, size: float) -> list[str]:
    """A word in pieces that fit. One letter always does."""
    pieces = []
    while width_of(word, size) > room_in and len(word) > 1:
        end = max((n for n in range(1, len(word)) if width_of(f"{word[:n]}-", size) <= room_in), default=1)
        pieces.append(f"{word[:end]}-")
        word = word[end:]
    return [*pieces, word]


def beside(labels: Sequence[str], width_in: float, longest: int = LONGEST) -> list[str]:
    """Labels left of the axes, which keep most of the width."""
    return [wrapped(label, width_in * LEFT, longest=longest) for label in labels]


def lines_of(labels: Sequence[str]) -> int:
    """How many lines the tallest label has."""
    return max((label.count("\n") + 1 for label in labels), default=1)


def grow(figure: Figure, inches: float) -> None:
    figure.set_figheight(figure.get_figheight() + inches)


def legend_below(figure: Figure, handles: Sequence[Artist], labels: Sequence[str], most_columns: int) -> None:
    """Row by row in as many columns as fit. The figure grows by every row after the first."""
    room_in = figure.get_figwidth() - MARGIN_IN
    told = [wrapped(label, room_in - 0.3) for label in labels]
    for columns in range(min(most_columns, len(told)), 0, -1):
        # matplotlib fills a legend column by column
        order = [place for first in range(columns) for place in range(first, len(told), columns)]
        legend = figure.legend(
            [handles[place] for place in order],
            [told[place] for place in order],
            loc="outside lower center",
            ncols=columns,
            handlelength=1.2,
            columnspacing=1,
        )
        box = legend.get_window_extent()
        if columns == 1 or box.width / figure.dpi <= room_in:
            grow(figure, max(0, box.height / figure.dpi - 2 * LINE_IN))
            return
        legend.remove()


def label_across(figure: Figure, axes: Axes, labels: Sequence[str], room_in: float) -> None:
    """Tick labels along the x axis, `room_in` for each: in lines, or slanted where a word is wider."""
    longest_in = max((width_of(word) for label in labels for word in shortened(label).split()), default=0)
    if longest_in <= room_in - 0.05:
        told = [wrapped(label, room_in - 0.05) for label in labels]
        axes.set_xticks(range(len(told)), told)
        grow(figure, (lines_of(told) - 1) * LINE_IN)
        return
    most_lines = max(1, int(room_in * SLANT / (1.3 * LINE_IN)))
    longest_in = max(width_of(shortened(label)) for label in labels)
    told = [wrapped(label, max(1.2, longest_in / most_lines * 1.25)) for label in labels]
    axes.set_xticks(range(len(told)), told)
    axes.tick_params(axis="x", rotation=SLANT_DEGREES, rotation_mode="xtick")
    grow(figure, max(0, max(map(width_of, told)) - 0.5) * SLANT)
