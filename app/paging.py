"""One page of many rows: how many stand on it, which they are, and whether another follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")
PAGE_SIZE = 25


@dataclass(frozen=True, kw_only=True)
class Paged(Generic[Row]):
    """`number` is the page's, from 1."""

    rows: Sequence[Row]
    number: int
    has_more: bool


def paged(some: Callable[[int, int], Sequence[Row]], number: int, size: int = PAGE_SIZE) -> Paged[Row]:
    """The page of that number; `some` gives rows from an offset, at most so many.

    One row more than stands on the page is asked for, which tells whether there is another page.
    """
    rows = some((number - 1) * size, size + 1)
    return Paged(rows=rows[:size], number=number, has_more=len(rows) > size)
