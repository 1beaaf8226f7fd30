"""When two answers are the same: after trimming and case-folding, everywhere in the same way."""

from collections.abc import Sequence


def is_same_answer(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def chosen_index(answer: str, choices: Sequence[str]) -> int | None:
    """Which choice (from 0) an answer names, the first of equal ones; None if it names none."""
    return next((index for index, choice in enumerate(choices) if is_same_answer(answer, choice)), None)
