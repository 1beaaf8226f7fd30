"""A decision study, against published figures, by hand, and against the intraclass correlations there are."""

import numpy as np
import pandas as pd
import pytest

from app.analysis.statistics.agreement import ComponentIcc, component_icc
from app.analysis.statistics.base import Undefined
from app.analysis.statistics.decision_study import DecisionStudy, decision_study
from app.analysis.statistics.mixed import MixedModel, mixed_model
from app.analysis.statistics.satterthwaite import Freedom
from tests.analysis.statistics.made import make_ratings

# Shrout & Fleiss 1979, Psychol. Bull. 86(2), table 2: six targets, each rated by the same four judges.
JUDGED = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def fitted(frame: pd.DataFrame, factors: list[str], outcome: str = "rating") -> MixedModel:
    model = mixed_model(frame, outcome, factors, with_condition=False)
    assert isinstance(model, MixedModel)
    return model


def studied(model: MixedModel, parts: tuple[str, ...] = ("question", "text")) -> DecisionStudy:
    found = decision_study(model, parts)
    assert isinstance(found, DecisionStudy)
    return found


def variances(**parts: float) -> MixedModel:
    """A model of these variances and a residual one of 2."""
    return MixedModel(
        n=100,
        method="REML",
        coefficients=(),
        covariance=pd.DataFrame().to_numpy(float),
        variances=parts | {"residual": 2.0},
        fitted=tuple(name for name, value in parts.items() if value),
        at_zero=tuple(name for name, value in parts.items() if not value),
        loglik=0.0,
        freedom=Freedom(rest=100, spread=np.eye(0), changes=()),
    )


def test_reliabilities_are_the_published_ones_of_four_judges() -> None:
    """ICC(3,1) .71, ICC(3,4) .91, ICC(2,1) .29 and ICC(2,4) .62 (their table 4)."""
    rows = [
        {"participant": f"j{judge}", "question": f"t{target}", "condition": "a", "rating": float(rating)}
        for target, ratings in enumerate(JUDGED)
        for judge, rating in enumerate(ratings)
    ]
    frame = pd.DataFrame(rows).astype({"condition": "category"})
    found = studied(fitted(frame, ["participant", "question"]))
    assert found.means[0].raters == 1
    assert found.means[0].relative == pytest.approx(0.71, abs=0.005)
    assert found.means[0].absolute == pytest.approx(0.29, abs=0.005)
    four = found.var_object / (found.var_object + found.var_relative / 4)
    assert four == pytest.approx(0.91, abs=0.005)
    assert found.var_object / (found.var_object + found.var_absolute / 4) == pytest.approx(0.62, abs=0.005)


def test_what_is_whose_by_hand() -> None:
    """Texts: .6 + .4 = 1. Errors of one rater: .5 + 2 = 2.5, and 1.5 more where raters differ: 4.

    Reliability .8 is 1 / (1 + 2.5 / n) at n = 10, and 1 / (1 + 4 / n) at n = 16 (Brennan 2001, 2.3).
    """
    found = studied(variances(participant=1.5, question=0.6, text=0.4, participant_condition=0.5))
    assert (found.var_object, found.var_relative, found.var_absolute) == pytest.approx((1.0, 2.5, 4.0))
    assert (found.raters_relative, found.raters_absolute) == (10, 16)
    ten = next(one for one in found.means if one.raters == 10)
    assert (ten.relative, ten.absolute) == pytest.approx((0.8, 10 / 14))


def test_no_number_of_raters_tells_apart_what_does_not_differ() -> None:
    found = studied(variances(participant=1.5, question=0.0))
    assert (found.raters_relative, found.raters_absolute) == (None, None)
    assert {one.absolute for one in found.means} == {0.0}
    assert isinstance(decision_study(variances(participant=1.0), ("question",)), Undefined)


def test_one_raters_reliability_is_the_intraclass_correlation() -> None:
    frame = make_ratings(7)
    icc = component_icc(frame, "clarity")
    assert isinstance(icc, ComponentIcc)
    found = studied(fitted(frame, ["participant", "question"], "clarity"))
    assert found.means[0].relative == pytest.approx(icc.icc_item_consistency, rel=1e-9)
    assert found.means[0].absolute == pytest.approx(icc.icc_item_agreement, rel=1e-9)
