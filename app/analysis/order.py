"""Does the order matter: position and previous condition beside the condition, and where people leave."""

from collections.abc import Iterator, Sequence

import pandas as pd

from app.analysis.material import VERSION, Material
from app.analysis.statistics.base import Undefined
from app.analysis.statistics.leaving import leaving, leaving_test
from app.analysis.statistics.likelihood_ratio import LikelihoodRatio, likelihood_ratio
from app.analysis.statistics.mixed import MixedModel, mixed_model
from app.analysis.tidy import Key, Note, Statistic, tidy

Found = Iterator[Statistic | Note]
POSITION = "position"
LEAVING = {"condition": "the text that was due", "previous": "the text rated last"}


def order(material: Material) -> Found:
    """Nothing where positions were not recorded: the report says so."""
    if material.has(POSITION):
        yield from order_models(material)
    if material.due is not None:
        yield from leavings(material.due)


def order_models(material: Material) -> Found:
    """The linear mixed model of each outcome with what came before as covariates, not adjusted for length."""
    rows, covariates = with_order(material.frame)
    for outcome in material.outcomes:
        key = Key("mixed_model_order", "all_rows", outcome)
        yield from tidy(key, mixed_model(rows, outcome, material.factors, covariates))
        full = mixed_model(rows, outcome, material.factors, covariates, method="ML")
        without_condition = mixed_model(
            rows, outcome, material.factors, covariates, method="ML", with_condition=False
        )
        without_order = mixed_model(rows, outcome, material.factors, method="ML")
        for term, null in (("condition, given the order", without_condition), ("order", without_order)):
            test_key = Key("mixed_model_order_test", "all_rows", outcome, term=term)
            yield from tidy(test_key, ratio_test(full, null))


def with_order(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The frame with a column `after LABEL` for each condition that came before another text, and which.

    Where everybody rated one condition, what came before is the condition itself: position alone is left.
    """
    if len(frame[["participant", "condition"]].drop_duplicates()) == frame["participant"].nunique():
        return frame, [POSITION]
    before = previous_condition(frame)
    columns = {
        f"after {label}": (before == label).astype(float)
        for label in frame["condition"].cat.categories
        if (before == label).any()
    }
    # Of two places the second is the one that something came before.
    has_places = frame[POSITION].nunique() > 2  # noqa: PLR2004  # the sentence above
    return frame.assign(**columns), [*([POSITION] if has_places else []), *columns]


def previous_condition(frame: pd.DataFrame) -> "pd.Series[str]":
    """What each person rated before; nothing before the first text."""
    ordered = frame.sort_values(["participant", POSITION], kind="stable")
    return ordered.groupby("participant")["condition"].shift().astype(object).reindex(frame.index)


def ratio_test(full: MixedModel | Undefined, null: MixedModel | Undefined) -> LikelihoodRatio | Undefined:
    """Of two models that may not have been fitted."""
    if isinstance(full, Undefined):
        return full
    return null if isinstance(null, Undefined) else likelihood_ratio(full, null)


def leavings(due: pd.DataFrame) -> Found:
    """By the condition of the text that was due when somebody left, and of the one rated before."""
    for group, words in LEAVING.items():
        rows = due.dropna(subset=[group])
        strata: Sequence[str] = (VERSION, POSITION)
        yield from tidy(Key("leaving", "all_rows", term=words), leaving(rows, group))
        yield from tidy(Key("leaving_test", "all_rows", term=words), leaving_test(rows, group, strata))
