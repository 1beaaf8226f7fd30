"""When two answers are the same: after trimming and case-folding, everywhere in the same way."""

from collections.abc import Sequence


def is_same_answer(one: str, other: str) -> bool:
    return folded(one) == folded(other)


def folded(answer: str) -> str:
    return answer.strip().casefold()


def chosen_index(answer: str, choices: Sequence[str]) -> int | None:
    """Which choice (from 0) an answer names, the first of equal ones; None if it names none."""
    return next((index for index, choice in enumerate(choices) if is_same_answer(answer, choice)), None)


def distinct(choices: Sequence[str]) -> tuple[str, ...]:
    """Each choice once, the first of equal ones: real questions repeat choices."""
    first: dict[str, str] = {}
    for choice in choices:
        first.setdefault(folded(choice), choice)
    return tuple(first.values())


def wrong_choices(answer: str, choices: Sequence[str]) -> tuple[str, ...]:
    """Each choice that is not the answer, once."""
    return tuple(choice for choice in distinct(choices) if not is_same_answer(choice, answer))
