"""What R says of the published study, as far as the counts of its ratings give it: in every clone."""

import json

import numpy as np
import pytest
import scikit_posthocs

from app.analysis.statistics.association import Correlation, correlate
from app.analysis.statistics.base import Undefined, groups
from app.analysis.statistics.describe import describe, fences, levene, shapiro
from app.analysis.statistics.effects import superiority
from app.analysis.statistics.ranks import dunn, kruskal
from tests.analysis.golden.derive import derived as derived_from
from tests.analysis.golden.derive import written
from tests.analysis.statistics.published import (
    CONDITIONS,
    DATA,
    DERIVED,
    OUTCOMES,
    close,
    compare,
    counted,
    counted_pairs,
    derived,
    needs_data,
    of,
)

outcomes = pytest.mark.parametrize("outcome", OUTCOMES)


@needs_data
def test_what_lies_here_is_what_the_studys_own_files_give() -> None:
    assert written(derived_from(DATA)) == DERIVED.read_text(encoding="utf-8")
    assert json.loads(written(derived())) == derived()


@outcomes
def test_descriptives_and_normality(outcome: str) -> None:
    for condition, values in groups(counted(outcome), outcome).items():
        expected = of("descriptives", construct=outcome, model=condition)
        names = ("n", "mean", "sd", "se", "median", "q1", "q3", "iqr", "min", "max")
        compare(describe(values), expected, {name: name for name in names})
        test = of("shapiro", construct=outcome, model=condition)
        found = shapiro(values)
        compare(found, test, {"W": "W"}, 1e-8)
        compare(found, test, {"p": "p"}, 1e-6)
    overall = of("descriptives_overall", construct=outcome)
    whole = describe(np.asarray(counted(outcome)[outcome], dtype=np.float64))
    compare(whole, overall, {name: name for name in ("n", "mean", "sd", "se", "median")})


@outcomes
def test_levene_and_kruskal(outcome: str) -> None:
    expected = of("levene", construct=outcome)
    spread = levene(groups(counted(outcome), outcome).values())
    compare(spread, expected, {name: name for name in ("df1", "df2", "F", "p")})
    names = {"H": "H", "df": "df", "p": "p", "eta2": "eta2_H", "epsilon2": "epsilon2"}
    compare(kruskal(counted(outcome), outcome), of("kruskal", construct=outcome), names)


@outcomes
def test_dunn_agrees_with_r_and_with_scikit_posthocs(outcome: str) -> None:
    found = dunn(counted(outcome), outcome)
    assert not isinstance(found, Undefined)
    assert len(found) == 6
    library = scikit_posthocs.posthoc_dunn(counted(outcome), outcome, "condition", p_adjust="holm")
    for pair in found:
        expected = of("dunn", construct=outcome, group1=pair.group1, group2=pair.group2)
        names = {"z": "z", "p": "p", "p_bonferroni": "p_adj_bonferroni", "p_holm": "p_adj_holm"}
        compare(pair, expected, names)
        close(pair.p_holm, float(library.loc[pair.group1, pair.group2]))


@outcomes
def test_vargha_delaney_and_cliff(outcome: str) -> None:
    found = superiority(counted(outcome), outcome)
    assert not isinstance(found, Undefined)
    for pair in found:
        expected = of("vda", construct=outcome, group1=pair.group1, group2=pair.group2)
        compare(pair, expected, {"A": "A", "delta": "cliff_delta", "U": "U", "p": "mannwhitney_p"})
        assert pair.A_low is not None
        assert pair.A_high is not None
        assert pair.A_low < pair.A < pair.A_high


def test_correlations() -> None:
    for expected in derived()["correlation_pearson"]:
        found = correlate(counted_pairs(expected["a"], expected["b"]), expected["a"], expected["b"])
        assert isinstance(found, Correlation)
        names = {"r": "r", "t": "t", "df": "df", "p": "p", "r_low": "conf_low", "r_high": "conf_high"}
        compare(found, expected, names)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_fences(condition: str) -> None:
    names = ("n", "outliers", "q1", "q3", "lower", "upper")
    values = groups(counted("Quality"), "Quality")[condition]
    compare(fences(values), of("fences", model=condition), {name: name for name in names})
