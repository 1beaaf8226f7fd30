"""Which step a participant is at: a pure function of the study's shape and the progress made.

Every address of the participant's path asks it, so reloading, going back, bookmarks, double clicks and
second tabs cannot put anyone anywhere else.
"""

import random
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Kind(StrEnum):
    """The steps in order, then the endings; each value is the last part of the page's address."""

    CONSENT = "consent"
    INSTRUCTIONS = "instructions"
    COMPREHENSION = "comprehension"
    PRACTICE = "practice"
    OWN_ANSWER = "answer"
    ITEM = "rate"
    CHECK = "check"
    QUESTIONNAIRE = "questionnaire"
    COMPLETED = "done"
    DECLINED = "declined"
    SCREENED_OUT = "screened-out"
    TURNED_AWAY = "full"
    WITHDRAWN = "left"
    CLOSED = "closed"


NUMBERED = {Kind.PRACTICE, Kind.OWN_ANSWER, Kind.ITEM, Kind.CHECK}
ENDINGS = {
    "completed": Kind.COMPLETED,
    "declined": Kind.DECLINED,
    "screened_out": Kind.SCREENED_OUT,
    "turned_away": Kind.TURNED_AWAY,
    "withdrawn": Kind.WITHDRAWN,
}


@dataclass(frozen=True)
class Step:
    """`number` counts from 1 within practice items, items and checks; 0 elsewhere."""

    kind: Kind
    number: int = 0

    @property
    def path(self) -> str:
        return f"{self.kind}/{self.number}" if self.kind in NUMBERED else str(self.kind)


@dataclass(frozen=True)
class Shape:
    """What of a study's definition decides the flow."""

    has_comprehension: bool
    practice: int
    has_own_answer: bool
    items: int
    checks: int
    has_questionnaire: bool


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a participant has done so far; `seed` places the attention checks."""

    status: str
    seed: int
    is_too_late: bool = False
    has_consented: bool = False
    has_read_instructions: bool = False
    has_understood: bool = False
    practice_done: int = 0
    items_answered: int = 0
    has_own_answer: bool = False
    checks_answered: int = 0
    has_questionnaire: bool = False


def next_step(shape: Shape, progress: Progress) -> Step:
    """The one step this participant is at."""
    if progress.status in ENDINGS:
        return Step(ENDINGS[progress.status])
    if progress.status == "excluded":
        end = next_main_step(shape, progress)
        return end if end.kind is Kind.COMPLETED else Step(Kind.CLOSED)
    if progress.status == "replaced" or progress.is_too_late:
        return Step(Kind.CLOSED)
    return next_preparation(shape, progress) or next_main_step(shape, progress)


def next_preparation(shape: Shape, progress: Progress) -> Step | None:
    """What comes before the first item; None once all of it is done."""
    if not progress.has_consented:
        return Step(Kind.CONSENT)
    if not progress.has_read_instructions:
        return Step(Kind.INSTRUCTIONS)
    if shape.has_comprehension and not progress.has_understood:
        return Step(Kind.COMPREHENSION)
    if progress.practice_done < shape.practice:
        return Step(Kind.PRACTICE, progress.practice_done + 1)
    return None


def next_main_step(shape: Shape, progress: Progress) -> Step:
    if is_check_due(shape, progress):
        return Step(Kind.CHECK, progress.checks_answered + 1)
    if progress.items_answered < shape.items:
        number = progress.items_answered + 1
        asks_first = shape.has_own_answer and not progress.has_own_answer
        return Step(Kind.OWN_ANSWER if asks_first else Kind.ITEM, number)
    if shape.has_questionnaire and not progress.has_questionnaire:
        return Step(Kind.QUESTIONNAIRE)
    return Step(Kind.COMPLETED)


def is_check_due(shape: Shape, progress: Progress) -> bool:
    if progress.checks_answered >= shape.checks:
        return False
    gaps = check_gaps(shape.items, shape.checks, progress.seed)
    return progress.items_answered >= gaps[progress.checks_answered]


@lru_cache(maxsize=4096)
def check_gaps(items: int, checks: int, seed: int) -> tuple[int, ...]:
    """After which item numbers the checks come: distinct inner gaps, so never first, last or adjacent."""
    return tuple(sorted(random.Random(f"gaps {seed}").sample(range(1, items), checks)))


def asked_label(labels: tuple[str, ...], number: int, seed: int) -> int:
    """Which answer (from 1) check `number` asks for: by seed, never the scale's midpoint."""
    options = [value for value in range(1, len(labels) + 1) if 2 * value != len(labels) + 1]
    return random.Random(f"check {number} {seed}").choice(options)
