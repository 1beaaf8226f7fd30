"""Which questions a study shows: drawn by seed among those every condition can show."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from app.contract.complaints import did_you_mean
from app.contract.study import CorrectShare, Questions

MOST_COMPARED_IDS = 1_000


@dataclass(frozen=True)
class Candidate:
    """A question every condition has an answer and an explanation for; `is_correct` by condition."""

    question_id: int
    key: str
    is_correct: tuple[bool, ...]


class DrawError(ValueError):
    """The definition asks for questions that are not there; the message says what is."""


def draw_questions(candidates: Sequence[Candidate], asked: Questions) -> list[Candidate]:
    """The questions of a study, in the order of the question set.

    The same candidates and seed always give the same questions. Raises: DrawError.
    """
    excluded = set(asked.exclude)
    allowed = [candidate for candidate in candidates if candidate.key not in excluded]
    if asked.ids:
        return listed(allowed, asked)
    assert asked.draw is not None  # noqa: S101  # the contract: either ids or draw
    chance, count = random.Random(asked.draw.seed), asked.draw.count
    if isinstance(asked.require, CorrectShare):
        right = round(count * asked.require.correct_share)
        chosen = sample(chance, [c for c in allowed if all(c.is_correct)], right, "all students answer right")
        chosen += sample(
            chance, [c for c in allowed if not all(c.is_correct)], count - right, "a student answers wrong"
        )
    elif asked.require == "all_correct":
        chosen = sample(chance, [c for c in allowed if all(c.is_correct)], count, "all students answer right")
    else:
        chosen = sample(chance, allowed, count, "every condition explains")
    taken = {candidate.question_id for candidate in chosen}
    return [candidate for candidate in allowed if candidate.question_id in taken]


def sample(chance: random.Random, pool: list[Candidate], count: int, which: str) -> list[Candidate]:
    if count > len(pool):
        raise DrawError(f"questions.draw: {count} asked, but there are {len(pool)} that {which}.")
    return chance.sample(pool, count)


def listed(allowed: list[Candidate], asked: Questions) -> list[Candidate]:
    by_key = {candidate.key: candidate for candidate in allowed}
    for key in asked.ids:
        if key not in by_key:
            hint = did_you_mean(key, by_key, compared=MOST_COMPARED_IDS)
            raise DrawError(f"questions.ids: '{key}' is not explained in every condition{hint}")
        if asked.require == "all_correct" and not all(by_key[key].is_correct):
            raise DrawError(
                f"questions.ids: '{key}' is answered wrong by a student, but require: all_correct."
            )
    wanted = set(asked.ids)
    return [candidate for candidate in allowed if candidate.key in wanted]
