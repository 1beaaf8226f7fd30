"""One page of many rows: how many stand on it, which they are, and whether another follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)
PAGE_SIZE = 25


class Some(Protocol[Row_co]):
    """A query that gives a part of its rows."""

    def __call__(self, *, offset: int, limit: int) -> Sequence[Row_co]: ...


@dataclass(frozen=True, kw_only=True)
class Paged(Generic[Row]):
    """`number` is the page's, from 1."""

    rows: Sequence[Row]
    number: int
    has_more: bool


def paged(some: Some[Row], number: int, size: int = PAGE_SIZE) -> Paged[Row]:
    """The page of that number. One row more is asked for, which tells whether there is another page."""
    rows = some(offset=(number - 1) * size, limit=size + 1)
    return Paged(rows=rows[:size], number=number, has_more=len(rows) > size)
