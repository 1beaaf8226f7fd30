"""Means over the questions of an evaluation, with bootstrap intervals; plain numbers, no model."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np

from app.contract import text_measures as measures
from app.contract.answers import is_same_answer
from app.contract.cleaning import clean
from training.data import Example

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


def describe_explanations(
    told: Sequence[tuple[Example, str | None, str | None]],
) -> dict[str, float | int | None]:
    """Means over the explanations there are, of (example, answer, explanation), as a run would show them."""
    cleaned = [(example, answer, clean(text).text) for example, answer, text in told]
    present = [(example, answer, text) for example, answer, text in cleaned if text]
    if not present:
        return {"explained": 0}
    texts = [text for _, _, text in present]
    agreeing = [measures.agrees_with(text, answer, one.choices) for one, answer, text in present]
    known = [agrees for agrees in agreeing if agrees is not None]
    return {
        "explained": len(present),
        "characters": mean(map(len, texts)),
        "words": mean(map(measures.count_words, texts)),
        "sentences": mean(map(measures.count_sentences, texts)),
        "negations": mean(map(measures.count_negations, texts)),
        "distractors_mentioned": mean(
            measures.distractors_mentioned(text, answer, one.choices) for one, answer, text in present
        ),
        "answer_mentioned": mean(
            answer is not None and bool(measures.mentioned(text, [answer])) for _, answer, text in present
        ),
        "repetition": mean(map(measures.repetition, texts)),
        "states_an_answer": mean(
            measures.own_answer(text, one.choices) is not None for one, _, text in present
        ),
        "consistent": mean(known) if known else None,
    }
