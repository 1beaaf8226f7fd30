"""Which questions are asked together: planned once, when a run is created, and never changed.

Without the tokenizer, which only a worker has, an input's length in characters stands for its tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

CHARACTERS_PER_TOKEN = 3.5  # of English, roughly; it only has to sort and to bound
MOST_QUESTIONS = 64
MOST_TOKENS = 32_768  # of all questions of a batch, as asked and as answered at most


@dataclass(frozen=True)
class Asked:
    question_id: int
    characters: int  # of its longest input


def plan_batches(
    asked: Sequence[Asked],
    new_tokens: int,
    *,
    most_questions: int = MOST_QUESTIONS,
    most_tokens: int = MOST_TOKENS,
) -> list[list[int]]:
    """Batches of question ids, longest questions first; the same questions always give the same batches."""
    batches: list[list[int]] = []
    tokens = 0.0
    for question in sorted(asked, key=lambda one: (-one.characters, one.question_id)):
        needed = question.characters / CHARACTERS_PER_TOKEN + new_tokens
        if not batches or len(batches[-1]) == most_questions or tokens + needed > most_tokens:
            batches.append([])
            tokens = 0.0
        batches[-1].append(question.question_id)
        tokens += needed
    return batches
