"""How long the models of a report will take here, said before they are fitted."""

import time

import numpy as np

from app.analysis.few import CLAIMED, is_simulated
from app.analysis.fitting import Question
from app.analysis.statistics.base import Undefined, is_constant, outcome_rows, values_of
from app.analysis.statistics.climbing import starting_values
from app.analysis.statistics.crossed import crossed
from app.analysis.statistics.design import design
from app.analysis.statistics.estimable import cannot_estimate
from app.analysis.statistics.laplace import Laplace, Ordinal

EVALUATIONS = 300  # of a likelihood, for all models of one outcome and one version of the rows
SIMULATED = 20  # for each study that a test simulates, if it simulates as many as it may
OTHERS_S = 15.0  # figures and tables, on a slow machine
MINUTE = 60


def expected_s(questions: list[Question], processes: int) -> float:
    """From the time that one evaluation of a likelihood takes on this machine."""
    for one in questions:
        data = one.is_construct and ratings_of(one)
        if data:
            works = sum(evaluations(question) for question in questions)
            return OTHERS_S + works / min(processes, len(questions)) * evaluation_s(data)
    return OTHERS_S


def evaluations(question: Question) -> int:
    claimed = [question.versions[name] for name in CLAIMED if name in question.versions]
    simulated = sum(map(is_simulated, claimed)) if question.is_construct else 0
    return EVALUATIONS * len(question.versions) + SIMULATED * question.most_runs * simulated


def ratings_of(question: Question) -> Ordinal | None:
    """As the cumulative model takes them; None if it cannot be estimated, which takes no time."""
    rows = outcome_rows(question.versions["all_rows"], question.outcome)
    values = values_of(rows, question.outcome)
    if is_constant(values):
        return None
    levels, categories = np.unique(values, return_inverse=True)
    model, groups = design(rows, (), with_intercept=False), crossed(rows, question.factors)
    if isinstance(cannot_estimate(len(rows), model, groups, len(levels) - 1), Undefined):
        return None
    return Ordinal(
        categories=categories.astype(np.intp), count=len(levels), matrix=model.matrix, factors=groups
    )


def evaluation_s(data: Ordinal) -> float:
    """The second one's time: the first has to find the mode, from which the others start."""
    laplace, start = Laplace(data), starting_values(data)
    laplace.evaluate(start)
    begun = time.perf_counter()
    laplace.evaluate(start + 1e-3)
    return time.perf_counter() - begun


def in_words(seconds: float) -> str:
    if seconds < MINUTE:
        return "less than a minute in all"
    minutes = round(seconds / MINUTE)
    return f"about {minutes} minute{'s' * (minutes > 1)} in all"
