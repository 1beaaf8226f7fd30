"""Ratings so far: counts from the database and what follows from them alone, without any test.

Counts are kept for a while: for thirty times as long as counting took, so that a page that many look at costs
the server little, however many ratings there are.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import sqrt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.analysis.versions import Shown, as_shown, chosen, condition_labels
from app.exports.queries import NOT_COUNTED, versions
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
    """`levels` is how many values the longest scale has. `versions`: the numbers of those counted together,
    where others were rated in that show or ask something else.
    """

    counted_at: datetime
    levels: int
    cells: tuple[Cell, ...]
    versions: tuple[int, ...] = ()

    @property
    def ratings(self) -> int:
        return sum(cell.n for cell in self.cells)


def count(session: Session, study: Study) -> Live:
    """Count a study's ratings by construct, condition and value; a few seconds for a million.

    Of versions that differ, those that a report would be of: the newest, with those that are like it.
    """
    statement = (
        select(Participant.version_id, Rating.construct, Condition.key, Rating.value, func.count())
        .join_from(Rating, Response, Response.id == Rating.response_id)
        .join(Assignment, Assignment.id == Response.assignment_id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .join(Item, Item.id == Assignment.item_id)
        .join(Condition, Condition.id == Item.condition_id)
        .where(Participant.study_id == study.id, Participant.is_counted)
        .where(Participant.status.not_in(NOT_COUNTED))
        .group_by(Participant.version_id, Rating.construct, Condition.key, Rating.value)
        .order_by(Rating.construct, Condition.key, Rating.value)
    )
    rows = session.execute(statement).all()
    given = {row[0] for row in rows}
    if not given:
        return gathered([])
    rated = as_shown(session, [one for one in versions(session, study.id) if one.id in given])
    together = chosen(rated)
    mine = {one.version_id for one in together}
    known: Counter[tuple[str, str, int]] = Counter()
    for version_id, construct, condition, value, many in rows:
        if version_id in mine:
            known[construct, condition, value] += many
    found = gathered(in_order(known, together))
    numbers = tuple(one.number for one in together)
    return found if len(together) == len(rated) else replace(found, versions=numbers)


def in_order(
    known: Mapping[tuple[str, str, int], int], together: Sequence[Shown]
) -> Iterator[tuple[str, str, int, int]]:
    """As the definition has constructs and conditions, with the conditions' labels."""
    constructs = [one.key for one in together[-1].definition.constructs]
    labels = condition_labels(together)
    conditions = list(labels)
    for construct, key, value in sorted(
        known, key=lambda one: (constructs.index(one[0]), conditions.index(one[1]), one[2])
    ):
        yield construct, labels[key], value, known[construct, key, value]


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
