"""Figures of the ratings themselves: means, distributions, effect sizes."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from app.analysis.figures.labels import (
    LINE_IN,
    TITLE,
    beside,
    label_across,
    legend_below,
    lines_of,
    width_of,
    wrapped,
)
from app.analysis.figures.models import Estimate, forest
from app.analysis.figures.style import PAGE, blank, colour, single
from app.analysis.material import CORRECT, QUALITY, Material
from app.analysis.statistics.base import Undefined, groups
from app.analysis.statistics.describe import Description, describe
from app.analysis.statistics.effects import superiority

NO_RATINGS = "There are no ratings, so there is nothing to draw."


def mean_bars(material: Material, width_in: float) -> Figure | str:
    """Mean ± standard error of each construct and condition, as in the published study."""
    if material.frame.empty:
        return NO_RATINGS
    figure, axes = single(width_in, 2.4)
    width = 0.8 / len(material.conditions)
    for number, condition in enumerate(material.conditions):
        found = [describe(groups(material.frame, o).get(condition, np.zeros(0))) for o in material.outcomes]
        drawn = [(place, one) for place, one in enumerate(found) if isinstance(one, Description)]
        places = [place + (number - (len(material.conditions) - 1) / 2) * width for place, _ in drawn]
        axes.bar(
            places,
            [one.mean for _, one in drawn],
            width * 0.92,
            yerr=[one.se or 0.0 for _, one in drawn],
            color=colour(number),
            error_kw={"elinewidth": 0.7, "capsize": 1.6, "capthick": 0.7},
            label=condition,
        )
    label_across(figure, axes, material.outcomes, (width_in - 0.5) / len(material.outcomes))
    axes.set_ylim(1, len(material.scale))
    axes.set_ylabel("Mean rating ± SE")
    most_columns = 2 if width_in < PAGE else len(material.conditions)
    legend_below(figure, *axes.get_legend_handles_labels(), most_columns)
    return figure


def likert(material: Material, width_in: float) -> Figure | str:
    """Shares of each rating, diverging from the scale's middle."""
    if material.frame.empty:
        return NO_RATINGS
    points = len(material.scale)
    rows = len(material.conditions)
    labels = beside(material.conditions, width_in)
    titles = [wrapped(construct, width_in - 0.3, TITLE) for construct in material.constructs]
    row_in = max(0.12, LINE_IN * (lines_of(labels) + 0.4) if lines_of(labels) > 1 else 0)
    figure = blank(width_in, 0.9 + len(titles) * (0.1 + 0.12 * lines_of(titles) + row_in * rows))
    axes = figure.subplots(len(material.constructs), 1, sharex=True, squeeze=False)[:, 0]
    shades = diverging(points)
    for one, construct, title in zip(axes, material.constructs, titles, strict=True):
        for row, condition in enumerate(material.conditions):
            values = groups(material.frame, construct).get(condition, np.zeros(0))
            if not len(values):
                continue
            share = 100 * np.bincount(values.astype(np.intp), minlength=points + 1)[1:] / len(values)
            below = share[: points // 2].sum() + (share[points // 2] / 2 if points % 2 else 0)
            left = np.concatenate([[0], np.cumsum(share)[:-1]]) - below
            one.barh(np.full(points, row), share, 0.8, left=left, color=shades)
        one.set_yticks(range(rows), labels)
        one.set_ylim(rows - 0.5, -0.5)
        one.set_title(title, loc="left", pad=2)
        one.axvline(0, color="black", linewidth=0.5)
        one.tick_params(axis="y", length=0)
    room_in = width_in - max(map(width_of, labels)) - 0.3
    axes[-1].set_xlabel(wrapped("Share of ratings (%), from the middle of the scale", room_in, 7))
    handles = [Patch(color=shade) for shade in shades]
    legend_below(figure, handles, material.scale, points if width_in == PAGE else 3)
    return figure


def diverging(points: int) -> list[str]:
    """From Okabe-Ito's vermilion through grey to its blue, as many shades as the scale has points."""
    ends = [np.array([0xD5, 0x5E, 0x00]), np.array([0xE0, 0xE0, 0xE0]), np.array([0x00, 0x72, 0xB2])]
    found = []
    for place in np.linspace(0, 2, points):
        low = min(int(place), 1)
        mixed = ends[low] + (ends[low + 1] - ends[low]) * (place - low)
        found.append("#{:02X}{:02X}{:02X}".format(*(round(float(part)) for part in mixed)))
    return found


def effect_forest(material: Material, width_in: float) -> Figure | str:
    """Vargha-Delaney's A with its 95 % interval, for each pair of conditions.

    As in the forest of odds ratios the second condition is to the right where it is higher.
    """
    found = {outcome: superiority(material.frame, outcome) for outcome in material.outcomes}
    known = {outcome: rows for outcome, rows in found.items() if not isinstance(rows, Undefined)}
    if not known:
        reasons = [one.reason for one in found.values() if isinstance(one, Undefined)]
        return reasons[0]
    panels = {
        outcome: [
            Estimate(
                label=f"{one.group1} – {one.group2}",
                value=1 - one.A,
                low=None if one.A_high is None else 1 - one.A_high,
                high=None if one.A_low is None else 1 - one.A_low,
            )
            for one in rows
        ]
        for outcome, rows in known.items()
    }
    figure, _ = forest(panels, 0.5, width_in)
    figure.supxlabel("Vargha–Delaney A: above .5, the second condition is rated higher", fontsize=7)
    return figure


def by_correctness(material: Material, width_in: float) -> Figure | str:
    """Quality for explanations of right and of wrong answers."""
    if not material.has(CORRECT):
        return "Whether the student's answer was right was not recorded."
    figure, axes = single(width_in, 2.4)
    for number, condition in enumerate(material.conditions):
        for side, (value, face) in enumerate(((1, 0.9), (0, 0.35))):
            rows = material.frame[material.frame[CORRECT] == value]
            values = groups(rows, QUALITY).get(condition, np.zeros(0))
            if len(values):
                axes.boxplot(
                    values,
                    positions=[number + (side - 0.5) * 0.4],
                    widths=0.34,
                    patch_artist=True,
                    boxprops={"facecolor": colour(number), "alpha": face, "linewidth": 0.6},
                    medianprops={"color": "black", "linewidth": 1},
                    whiskerprops={"linewidth": 0.6},
                    capprops={"linewidth": 0.6},
                    flierprops={"markersize": 2, "markeredgewidth": 0.4},
                )
    label_across(figure, axes, material.conditions, (width_in - 0.5) / len(material.conditions))
    axes.set_ylabel("Mean of the constructs")
    handles = [Patch(color="black", alpha=0.9), Patch(color="black", alpha=0.35)]
    legend_below(figure, handles, ("answer right", "answer wrong"), 2)
    return figure
