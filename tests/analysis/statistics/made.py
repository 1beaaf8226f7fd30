"""Ratings made up from a known model, for tests that need no study."""

import numpy as np
import pandas as pd


def make_ratings(
    seed: int = 1,
    *,
    people: int = 24,
    questions: int = 12,
    per_condition: int = 3,
    effects: tuple[float, ...] = (0.0, 0.8, -0.5),
    person_sd: float = 1.0,
    question_sd: float = 0.6,
) -> pd.DataFrame:
    """Five-point ratings of one construct (`clarity`) and a second (`use`), from a cumulative logit model."""
    chance = np.random.default_rng(seed)
    levels = chance.normal(0, person_sd, people)
    hardness = chance.normal(0, question_sd, questions)
    rows = []
    for person in range(people):
        asked = chance.permutation(questions)[: per_condition * len(effects)]
        for place, question in enumerate(asked):
            condition = place % len(effects)
            eta = effects[condition] + levels[person] + hardness[question]
            rows.append(
                {
                    "participant": f"p{person}",
                    "question": f"q{question}",
                    "condition": "abcdef"[condition],
                    "clarity": rating(eta, chance),
                    "use": rating(eta / 2, chance),
                    "explanation_length": float(chance.integers(40, 400)),
                    "answer_correct": float((question + condition) % 2),
                }
            )
    frame = pd.DataFrame(rows)
    frame["condition"] = pd.Categorical(frame["condition"], list("abcdef"[: len(effects)]))
    frame["Quality"] = (frame["clarity"] + frame["use"]) / 2
    return frame


def rating(eta: float, chance: np.random.Generator) -> int:
    return 1 + int(np.searchsorted([-2.0, -0.7, 0.4, 1.8], eta + chance.logistic()))
