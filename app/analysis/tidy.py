"""Every figure as a row of its own: statistics.csv, and what all tables are made from."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.analysis.quantities import rows_of
from app.analysis.rows import Row
from app.analysis.statistics.base import Undefined
from app.exports.escaping import defused

PLACE = ("analysis", "variant", "construct", "group1", "group2", "term")
COLUMNS = (*PLACE, "quantity", "n", "value")


@dataclass(frozen=True)
class Key:
    """Where a figure belongs. `variant`: which rows, or runs, it was made on."""

    analysis: str
    variant: str
    construct: str = ""
    group1: str = ""
    group2: str = ""
    term: str = ""

    @property
    def place(self) -> tuple[str, ...]:
        """In the order of PLACE."""
        return (self.analysis, self.variant, self.construct, self.group1, self.group2, self.term)


@dataclass(frozen=True)
class Statistic:
    key: Key
    quantity: str
    n: int | None
    value: float


@dataclass(frozen=True)
class Note:
    """A sentence where a figure cannot be."""

    key: Key
    sentence: str


def tidy(key: Key, result: object) -> Iterator[Statistic | Note]:
    """The figures of a result, or of each in a list."""
    if isinstance(result, list | tuple):
        for one in result:
            yield from tidy(key, one)
        return
    for row in rows_of(result):
        if isinstance(row, Undefined):
            yield Note(key, row.reason)
        else:
            yield from figures(placed(key, row), row.n, row.values)


def placed(key: Key, row: Row) -> Key:
    own = {"group1": row.group1, "group2": row.group2, "term": row.term}
    return replace(key, **{name: value for name, value in own.items() if value})


def figures(key: Key, n: int | None, values: Mapping[str, float | None]) -> Iterator[Statistic]:
    for quantity, value in values.items():
        if value is not None:
            yield Statistic(key, quantity, n, value)


def by_key(
    found: Iterable[Statistic | Note], *, analysis: str = "", variant: str = ""
) -> dict[Key, dict[str, float]]:
    """The figures of each place by their names; of one analysis or variant alone, if that is said."""
    cells: dict[Key, dict[str, float]] = {}
    for one in found:
        is_asked = analysis in ("", one.key.analysis) and variant in ("", one.key.variant)
        if is_asked and isinstance(one, Statistic):
            cells.setdefault(one.key, {})[one.quantity] = one.value
    return cells


def write_statistics(out: Path, found: Iterable[Statistic | Note]) -> None:
    """All figures at full precision, and beside them the sentences where there is none."""
    numbers: list[Sequence[object]] = []
    notes: list[Sequence[object]] = []
    for one in found:
        place = map(defused, one.key.place)
        if isinstance(one, Statistic):
            numbers.append((*place, one.quantity, "" if one.n is None else one.n, repr(one.value)))
        else:
            notes.append((*place, defused(one.sentence)))
    write_rows(out / "statistics.csv", COLUMNS, numbers)
    write_rows(out / "notes.csv", (*PLACE, "sentence"), notes)


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
