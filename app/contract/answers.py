"""When two answers are the same: after trimming and case-folding, everywhere in the same way."""

from collections.abc import Sequence
from hashlib import sha256


def is_same_answer(one: str, other: str) -> bool:
    return folded(one) == folded(other)


def folded(answer: str) -> str:
    return answer.strip().casefold()


def answer_key(answer: str | None) -> int:
    """A number of 64 bits that same answers share, so that a database compares them; None is like nothing."""
    digest = sha256(folded(answer or "").encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], signed=True)


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
