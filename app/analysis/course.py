"""How far a report is, for who waits for it."""

from collections.abc import Callable
from dataclasses import dataclass

Tell = Callable[[int, int, str], object]  # how many steps of how many are done, and what is under way


def silent(_done: int, _total: int, _doing: str) -> None:
    return None


@dataclass
class Course:
    total: int = 0
    done: int = 0
    tell: Tell = silent
    expected: str = ""  # how long all of it takes

    def say(self, doing: str) -> None:
        self.tell(self.done, self.total, f"{doing} ({self.expected})" if self.expected else doing)

    def advance(self, doing: str) -> None:
        """One step more is done, and this is under way now."""
        self.done += 1
        self.say(doing)
