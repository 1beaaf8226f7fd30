"""Ratings so far: counts from the database and what follows from them alone, without any test.

Counts are kept for a while: for thirty times as long as counting took, so that a page that many look at costs
the server little, however many ratings there are.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.exports.queries import NOT_COUNTED
from app.models import Assignment, Condition, Item, Participant, Rating, Response, Study

KEPT_FOR = 30  # times as long as counting took


@dataclass(frozen=True)
class Cell:
    """The ratings of one construct in one condition; `counts` by value, from 1."""

    construct: str
    condition: str
    counts: tuple[int, ...]

    @property
    def n(self) -> int:
        return sum(self.counts)

    @property
    def mean(self) -> float:
        return sum(value * count for value, count in enumerate(self.counts, 1)) / self.n

    @property
    def sd(self) -> float | None:
        """The sample's standard deviation; None for a single rating."""
        if self.n == 1:
            return None
        squares = sum(count * (value - self.mean) ** 2 for value, count in enumerate(self.counts, 1))
        return sqrt(squares / (self.n - 1))

    @property
    def se(self) -> float | None:
        return None if self.sd is None else self.sd / sqrt(self.n)


@dataclass(frozen=True)
class Live:
    """`levels` is how many values the longest scale has."""

    counted_at: datetime
    levels: int
    cells: tuple[Cell, ...]

    @property
    def ratings(self) -> int:
        return sum(cell.n for cell in self.cells)


def count(session: Session, study: Study) -> Live:
    """Count a study's ratings by construct, condition and value; a few seconds for a million."""
    statement = (
        select(Rating.construct, Condition.label, Rating.value, func.count())
        .join_from(Rating, Response, Response.id == Rating.response_id)
        .join(Assignment, Assignment.id == Response.assignment_id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .join(Item, Item.id == Assignment.item_id)
        .join(Condition, Condition.id == Item.condition_id)
        .where(Participant.study_id == study.id, Participant.is_counted)
        .where(Participant.status.not_in(NOT_COUNTED))
        .group_by(Rating.construct, Condition.label, Rating.value)
        .order_by(Rating.construct, Condition.label, Rating.value)
    )
    rows = [(row[0], row[1], row[2], row[3]) for row in session.execute(statement)]
    # In the definition's order; what only an earlier version has comes last.
    constructs = [one["key"] for one in study.draft["constructs"]]
    conditions = [one["label"] for one in study.draft["conditions"]]
    rows.sort(key=lambda row: (place_in(constructs, row[0]), place_in(conditions, row[1])))
    return gathered(rows)


def place_in(order: Sequence[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def gathered(rows: Iterable[tuple[str, str, int, int]]) -> Live:
    """Construct, condition, value and count → cells."""
    found: dict[tuple[str, str], dict[int, int]] = {}
    for construct, condition, value, many in rows:
        found.setdefault((construct, condition), {})[value] = many
    levels = max((value for counts in found.values() for value in counts), default=0)
    cells = [
        Cell(construct, condition, tuple(counts.get(value, 0) for value in range(1, levels + 1)))
        for (construct, condition), counts in found.items()
    ]
    return Live(datetime.now(UTC), levels, tuple(cells))


class LiveCounts:
    """What one process remembers of each study's counts."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: dict[int, tuple[float, Live]] = {}  # until when

    def of(self, session: Session, study: Study) -> Live:
        with self.lock:
            until, live = self.kept.get(study.id, (0.0, None))
        if live is not None and time.monotonic() < until:
            return live
        started = time.monotonic()
        live = count(session, study)
        ended = time.monotonic()
        with self.lock:
            self.kept[study.id] = (ended + KEPT_FOR * (ended - started), live)
        return live
