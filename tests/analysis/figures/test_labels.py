"""In every figure, at both widths: nothing lies outside of it, and no two texts or swatches on each other."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from app.analysis.figures.drawing import FIGURES, of_models
from app.analysis.figures.style import style
from app.analysis.material import Material, Origin, completed
from app.analysis.tidy import Key, Statistic
from tests.analysis.statistics.made import make_ratings

ENGLISH = ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
GERMAN = (
    "stimme überhaupt nicht zu",
    "stimme größtenteils nicht zu",
    "stimme eher nicht zu",
    "weder Zustimmung noch Ablehnung",
    "stimme eher zu",
    "stimme größtenteils zu",
    "stimme voll und ganz zu",
)
DEGREES = (
    *("überhaupt nicht", "fast gar nicht", "kaum", "eher nicht", "teils, teils"),
    *("eher", "weitgehend", "fast völlig", "vollkommen"),
)
NINE = tuple(f"Die Erklärung überzeugt mich {how}, und zwar in jeder Hinsicht" for how in DEGREES)
SLACK_PX = 1


@dataclass(frozen=True)
class Words:
    scale: tuple[str, ...]
    conditions: tuple[str, ...]
    constructs: tuple[str, ...]


WORDS = {
    "short": Words(
        ENGLISH,
        ("SmolLM2", "Gemma"),
        ("plausible", "understandable", "complete", "satisfying", "contrastive"),
    ),
    "seven German labels": Words(
        GERMAN,
        ("ohne Erklärung", "mit Erklärung", "Lehrermodell"),
        ("plausibel", "verständlich", "vollständig"),
    ),
    "nine long labels": Words(
        NINE,
        (
            "SmolLM2 135M, destilliert mit Begründungen und Gegenbeispielen",
            "Donaudampfschifffahrtsgesellschaftskapitänsmützenhersteller",
            "CF:PosRationales",
            "cost $5 to $10_{x",
        ),
        tuple(f"Nachvollziehbarkeit_der_Begründung_{letter}" for letter in "abcdefg"),
    ),
}


def material_of(words: Words) -> Material:
    """Ratings over the whole scale, of every condition and construct, in every order, with times."""
    chance = np.random.default_rng(3)
    frame = make_ratings(4, effects=tuple(0.4 * number for number in range(len(words.conditions))))
    frame["condition"] = [words.conditions["abcdef".index(letter)] for letter in frame["condition"]]
    for construct in words.constructs:
        frame[construct] = chance.integers(1, len(words.scale) + 1, len(frame)).astype(float)
    frame["position"] = frame.groupby("participant").cumcount() + 1
    frame["duration_ms"] = chance.lognormal(10, 1, len(frame))
    frame = completed(frame, words.conditions, words.constructs)
    origin = Origin(title="Titel", version="1", sha256="0" * 64, software="test")
    return Material(
        frame=frame,
        conditions=words.conditions,
        constructs=words.constructs,
        controls=(),
        origin=origin,
        scale=words.scale,
    )


def odds_of(words: Words) -> list[Statistic]:
    """Odds ratios over three powers of ten, as small studies find them."""
    found = []
    for construct in words.constructs:
        for number, (one, other) in enumerate(itertools.combinations(words.conditions, 2)):
            key = Key("clmm_contrasts", "all_rows", construct, one, other, "")
            middle = 10 ** (number / 2 - 1)
            for name, value in (("", middle), ("_low", middle / 8), ("_high", middle * 8)):
                found.append(Statistic(key, f"odds_ratio{name}", n=None, value=value))
            found.append(Statistic(key, "estimate", n=None, value=float(np.log(middle))))
    return found


def means_of(words: Words) -> list[Statistic]:
    return [
        Statistic(Key("clmm_means", "all_rows", construct, condition), name, n=None, value=value)
        for construct in words.constructs
        for number, condition in enumerate(words.conditions)
        for name, value in (("estimate", number + 1.5), ("low", number + 1.2), ("high", number + 2.0))
    ]


def thresholds_of(words: Words) -> list[Statistic]:
    cuts = [f"{low}|{low + 1}" for low in range(1, len(words.scale))]
    return [
        Statistic(
            Key("clmm_nominal_differences", "all_rows", construct, words.conditions[0], other, cut),
            name,
            n=None,
            value=value,
        )
        for construct in words.constructs
        for other in words.conditions[1:]
        for number, cut in enumerate(cuts)
        for name, value in (("estimate", number / 2), ("low", number / 2 - 1), ("high", number / 2 + 1))
    ]


def drawn(words: Words) -> Iterator[tuple[str, Figure]]:
    material = material_of(words)
    values = [*odds_of(words), *means_of(words), *thresholds_of(words)]
    for name, (_, draw, widths) in (of_models(values) | FIGURES).items():
        for width in widths:
            figure = draw(material, width)
            assert isinstance(figure, Figure), figure
            figure.draw_without_rendering()
            yield f"{name} {width}", figure


def told(artist: Artist) -> str:
    return artist.get_text() if isinstance(artist, Text) else "a swatch"


def shown(figure: Figure) -> list[Text]:
    """Every text that is drawn. Tick labels beyond the axes' limits exist, but are not."""
    hidden: set[Artist] = set()
    for axes in figure.axes:
        if not axes.get_visible():
            hidden |= set(axes.findobj(Text))
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
    texts = (one for one in figure.findobj(Text) if isinstance(one, Text) and one not in hidden)
    return [text for text in texts if text.get_text().strip() and text.get_visible()]


def faults(figure: Figure) -> list[str]:
    frame = figure.bbox.padded(SLACK_PX)
    swatches = [one for legend in figure.legends for one in legend.get_patches()]
    boxes = [(told(one), one.get_window_extent()) for one in (*straight(figure), *swatches)]
    outside = [
        f"outside: {told(one)}"
        for one in (*shown(figure), *swatches)
        if not inside(one.get_window_extent(), frame)
    ]
    overlapping = [
        f"overlapping: {one} / {other}"
        for (one, box), (other, box2) in itertools.combinations(boxes, 2)
        if overlap(box, box2)
    ]
    return outside + overlapping + crowded(figure)


def straight(figure: Figure) -> list[Text]:
    return [one for one in shown(figure) if one.get_rotation() % 90 == 0]


def inside(box: Bbox, frame: Bbox) -> bool:
    return bool(box.x0 >= frame.x0 and box.x1 <= frame.x1 and box.y0 >= frame.y0 and box.y1 <= frame.y1)


def overlap(one: Bbox, other: Bbox) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(across > SLACK_PX and down > SLACK_PX)


def crowded(figure: Figure) -> list[str]:
    """Slanted tick labels are parallel: the room between them is their distance across the slant."""
    found = []
    slanted = [one for one in shown(figure) if one.get_rotation() % 90]
    for one, other in itertools.pairwise(slanted):
        slant = math.radians(one.get_rotation())
        apart = abs(place(other) - place(one)) * math.sin(slant)
        heights = []
        for text in (one, other):
            text.set_rotation(0)
            heights.append(text.get_window_extent().height)
            text.set_rotation(math.degrees(slant))
        if apart < max(heights) - SLACK_PX:
            found.append(f"overlapping: {told(one)} / {told(other)}")
    return found


def place(text: Text) -> float:
    return float(text.get_transform().transform(text.get_position())[0])


@pytest.mark.parametrize("case", WORDS)
def test_no_label_is_cut_off_and_none_lies_on_another_at_a_pages_and_a_columns_width(case: str) -> None:
    with style():
        found = {name: wrong for name, figure in drawn(WORDS[case]) if (wrong := faults(figure))}
    assert found == {}
