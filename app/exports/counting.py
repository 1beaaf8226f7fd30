"""How far an export is, for whoever waits for it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from app.exports.base import Table

TOLD_EVERY = 10_000  # rows
Tell = Callable[[int, int], None]


def silent(_done: int, _total: int) -> None:
    """Nobody waits."""


class Counter:
    """Counts the rows of all tables and tells now and then."""

    def __init__(self, total: int, tell: Tell) -> None:
        self.done, self.total, self.tell = 0, total, tell

    def over(self, content: Table) -> Table:
        return replace(content, rows=self.counted(content))

    def counted(self, content: Table) -> Iterator[Any]:
        for row in content.rows:
            self.done += 1
            if self.done % TOLD_EVERY == 0:
                self.tell(min(self.done, self.total), self.total)
            yield row
