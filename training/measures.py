"""What can be counted about answers and explanations, with bootstrap intervals; plain numbers, no model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np

from app.contract.answers import is_same_answer
from training.data import SENTENCE_END, Example

WORD = re.compile(r"\w+(?:['’]\w+)*")
NEGATIONS = {
    "no",
    "not",
    "none",
    "never",
    "neither",
    "nor",
    "nothing",
    "nobody",
    "nowhere",
    "cannot",
    "without",
}
# "The answer is", "so the correct answer would be (B)": what follows is the explanation's own answer.
SAYS = re.compile(r"\banswer (?:is|would be|should be):?\s+(?:\([A-Za-z]\)\s*)?[\"“‘'*]*", re.IGNORECASE)
SAID = re.compile(r"[\"”’'*]*(?:[.,;:!?)]|$|\n| because\b| since\b)", re.IGNORECASE)
REPEATED = 4  # words in a row that are there again
RESAMPLES = 10_000


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def bootstrap(values: Sequence[float], seed: int = 0) -> Estimate:
    """Mean and percentile interval over resampled questions. Raises: ValueError without values."""
    if not values:
        raise ValueError("there is nothing to take a mean of")
    numbers, counts = np.unique(np.asarray(values, dtype=float), return_counts=True)
    # Resampling questions is drawing how often each value comes up: quick, however many questions.
    drawn = np.random.default_rng(seed).multinomial(len(values), counts / len(values), size=RESAMPLES)
    low, high = np.quantile(drawn @ numbers / len(values), [0.025, 0.975])
    return Estimate(float(mean(values)), float(low), float(high))


def is_right(answer: str | None, example: Example) -> bool:
    return answer is not None and is_same_answer(answer, example.answer)


def words_of(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def count_sentences(text: str) -> int:
    return len(SENTENCE_END.findall(text)) or int(bool(text.strip()))


def count_negations(text: str) -> int:
    return sum(word in NEGATIONS or word.endswith(("n't", "n’t")) for word in words_of(text))


def mentions(text: str, choice: str) -> bool:
    """Whether a choice is there as whole words, whatever the case."""
    words, wanted = words_of(text), words_of(choice)
    return bool(wanted) and any(
        words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1)
    )


def mentioned_distractors(text: str, example: Example) -> int:
    return sum(mentions(text, choice) for choice in example.wrong_choices)


def repetition(text: str) -> float:
    """Share of the runs of four words that were there before in the same text; 0 for a shorter text."""
    words = words_of(text)
    runs = [tuple(words[at : at + REPEATED]) for at in range(len(words) - REPEATED + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def own_answer(text: str, example: Example) -> str | None:
    """The choice that an explanation says is the answer, the last time it says so; None if it says none."""
    for says in reversed(list(SAYS.finditer(text))):
        rest = text[says.end() :]
        for choice in sorted(example.choices, key=len, reverse=True):
            said, after = rest[: len(choice)], rest[len(choice) :]
            if is_same_answer(said, choice) and SAID.match(after):
                return choice
    return None


def is_consistent(answer: str | None, explanation: str, example: Example) -> bool | None:
    """Whether an explanation's own answer is the answer given; None, if there are not both."""
    own = own_answer(explanation, example)
    return None if own is None or answer is None else is_same_answer(own, answer)


def describe_explanations(
    told: Sequence[tuple[Example, str | None, str | None]],
) -> dict[str, float | int | None]:
    """Means over the explanations there are, of (example, answer, explanation)."""
    present = [(example, answer, text) for example, answer, text in told if text]
    if not present:
        return {"explained": 0}
    agreeing = [agrees for one in present if (agrees := is_consistent(one[1], one[2], one[0])) is not None]
    texts = [text for _, _, text in present]
    return {
        "explained": len(present),
        "characters": mean(map(len, texts)),
        "words": mean(len(words_of(text)) for text in texts),
        "sentences": mean(map(count_sentences, texts)),
        "negations": mean(map(count_negations, texts)),
        "distractors_mentioned": mean(mentioned_distractors(text, one) for one, _, text in present),
        "answer_mentioned": mean(
            answer is not None and mentions(text, answer) for _, answer, text in present
        ),
        "repetition": mean(map(repetition, texts)),
        "states_an_answer": sum(own_answer(text, one) is not None for one, _, text in present) / len(present),
        "consistent": mean(agreeing) if agreeing else None,
    }
