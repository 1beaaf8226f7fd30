"""What people do besides answering: vanish, come back late, click twice, go back, reload, keep two tabs.

Pure decisions: the same seed, number and page always decide alike, whatever the server did meanwhile.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import TypeVar

from app.errors import Invalid

Page = TypeVar("Page")

THINK_MEDIAN_S = {
    "landing": 8,
    "consent": 15,
    "instructions": 20,
    "comprehension": 15,
    "practice": 20,
    "answer": 8,
    "rate": 25,
    "check": 6,
    "questionnaire": 30,
}
THINK_SIGMA = 0.6  # of the log-normal: two thirds of all pages take between half and twice the median
OTHER_PAGE_S = 10
STALE_TAB_CHANCE = 0.25  # of each page, for people with a second tab


@dataclass(frozen=True)
class Habits:
    """Shares of participants (dropout, two_tabs), of dropouts (latecomers), and chances of every page."""

    dropout: float = 0
    latecomers: float = 0
    two_tabs: float = 0
    double_submit: float = 0
    back: float = 0
    reload: float = 0
    is_paced: bool = False
    speed_up: float = 1

    def __post_init__(self) -> None:
        shares = (
            self.dropout,
            self.latecomers,
            self.two_tabs,
            self.double_submit,
            self.back,
            self.reload,
        )
        if not all(0 <= share <= 1 for share in shares):
            raise Invalid("Shares and chances of behaviours lie between 0 and 1.")
        if not self.speed_up > 0:
            raise Invalid("--speed-up divides the time to think, so it is greater than 0.")


@dataclass(frozen=True)
class Fate:
    """What is decided about one participant beforehand; pages count from 1, the first after Start."""

    vanishes_at: int | None = None
    returns: bool = False
    has_second_tab: bool = False


def fates(habits: Habits, participants: int, pages: int, seed: int) -> list[Fate]:
    """Everybody's fate; the shares are exact, rounded to whole people."""
    chance = random.Random(f"fates {seed}")
    everybody = range(participants)
    dropouts = chance.sample(everybody, round(habits.dropout * participants))
    returning = set(dropouts[: round(habits.latecomers * len(dropouts))])
    with_tabs = set(chance.sample(everybody, round(habits.two_tabs * participants)))
    vanishing = {number: chance.randint(1, pages) for number in dropouts}
    return [Fate(vanishing.get(number), number in returning, number in with_tabs) for number in everybody]


@dataclass(frozen=True)
class Deeds:
    """What somebody does at one page, in this order, before and while sending it."""

    thinks_s: float
    reloads: bool
    goes_back: bool
    uses_stale_tab: bool
    sends_twice: bool
    draw: float  # from 0 to below 1: which earlier page

    def earlier(self, pages: Sequence[Page]) -> Page:
        return pages[int(self.draw * len(pages))]


def deeds(habits: Habits, fate: Fate, who: tuple[int, int], page: int, kind: str) -> Deeds:
    """`who` is (seed, number of the participant); `page` counts the pages shown so far."""
    seed, number = who
    chance = random.Random(f"deeds {seed} {number} {page}")
    thinks = chance.lognormvariate(log(THINK_MEDIAN_S.get(kind, OTHER_PAGE_S)), THINK_SIGMA)
    reloads, back, stale, twice = (chance.random() for _ in range(4))
    return Deeds(
        thinks_s=thinks / habits.speed_up if habits.is_paced else 0,
        reloads=reloads < habits.reload,
        goes_back=back < habits.back,
        uses_stale_tab=fate.has_second_tab and stale < STALE_TAB_CHANCE,
        sends_twice=twice < habits.double_submit,
        draw=chance.random(),
    )


def contrary(value: int, points: int) -> int:
    """Another value on the scale: what a stale form says, so that overwriting would be seen."""
    return value % points + 1
