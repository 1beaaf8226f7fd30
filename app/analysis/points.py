"""What the main models say on the scale's own points: expected ratings, their differences, probabilities."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from app.analysis.fitting import Answer
from app.analysis.statistics.base import conditions_of, outcome_rows, values_of
from app.analysis.statistics.contrasts import ConditionTest
from app.analysis.statistics.marginal import on_the_scale
from app.analysis.tidy import Key, Note, Statistic, tidy


def points(variant: str, rows: pd.DataFrame, answers: Mapping[str, Answer]) -> Iterator[Statistic | Note]:
    for outcome, one in answers.items():
        if not isinstance(one.cumulative, ConditionTest):
            continue
        given = outcome_rows(rows, outcome)
        levels = np.unique(values_of(given, outcome))
        found = on_the_scale(one.cumulative.model, levels, conditions_of(given))
        yield from tidy(Key("clmm_means", variant, outcome), found.means)
        yield from tidy(Key("clmm_differences", variant, outcome), found.differences)
        yield from tidy(Key("clmm_probabilities", variant, outcome), found.probabilities)
