"""What takes each response as independent of all others: beside the mixed models, not instead of them."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from app.analysis.material import Material
from app.analysis.models import gated
from app.analysis.proportional_odds import nominal_tests
from app.analysis.statistics.base import Undefined, conditions_of, outcome_rows
from app.analysis.statistics.contrasts import condition_tests, contrasts, odds_ratios
from app.analysis.statistics.multivariate import box_m, multivariate_shapiro
from app.analysis.statistics.proportional import nominal_test
from app.analysis.tidy import Key, Note, Statistic, tidy


def plain_models(material: Material, variant: str, rows: pd.DataFrame) -> Iterator[Statistic | Note]:
    """Cumulative link models without random effects, with Holm's correction over the constructs."""
    for construct, one in condition_tests(rows, material.constructs, (), material.primary).items():
        key = Key("clm", variant, construct)
        if isinstance(one, Undefined):
            yield from tidy(key, one)
            continue
        yield from tidy(key, one.model)
        key = replace(key, analysis="clm_test")
        yield from tidy(key, one.test)
        yield Statistic(key, "p_holm", one.test.n, one.p_holm)
        pairs = contrasts(one.model, conditions_of(outcome_rows(rows, construct)))
        key = replace(key, analysis="clm_contrasts")
        yield from tidy(key, odds_ratios(pairs))
        yield from gated(key, pairs, one.p_holm)
        found = nominal_test(rows, construct, one.model)
        yield from nominal_tests(replace(key, analysis="clm_nominal_test"), found, None)


def joint(material: Material, variant: str, rows: pd.DataFrame) -> Iterator[Statistic | Note]:
    """What multivariate tests of conditions presuppose of the constructs."""
    yield from tidy(Key("shapiro_multivariate", variant), multivariate_shapiro(rows, material.constructs))
    yield from tidy(Key("box_m", variant), box_m(rows, material.constructs))
