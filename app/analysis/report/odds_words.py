"""In sentences: constructs in which conditions do not differ alike at every threshold of the scale."""

from collections.abc import Iterator, Mapping

import numpy as np

from app.analysis.p_values import holm_words, interval_words, is_significant, p_words
from app.analysis.proportional_odds import BOUNDED
from app.analysis.tidy import Key

Values = Mapping[Key, Mapping[str, float]]


def uneven(values: Values, variant: str, construct: str) -> Iterator[str]:
    """Nothing where proportional odds is not rejected.

    It is an assumption of the odds ratios, so a p below .05 is told also where it is not after Holm's
    correction, or not without thresholds that have no bound, as a doubt; which pair it is of is only said
    behind both gates.
    """
    test = values.get(Key("clmm_nominal_test", variant, construct))
    if test is None or not is_significant(test["p"]):
        return
    bounded = values.get(Key("clmm_nominal_test", variant, construct, term=BOUNDED))
    outcome = f"{chi2(test)}, {holm_words(test['p_holm'])}"
    rest = f"; without thresholds that have no bound: {chi2(bounded)}" if bounded else ""
    told = f"the same at every point of the scale (test of proportional odds: {outcome}{rest})"
    if not (is_significant(test["p_holm"]) and (bounded is None or is_significant(bounded["p"]))):
        yield (
            f"{construct}: the differences between conditions may not be {told}. Odds ratios are then "
            "averages over the scale's points; the figure of thresholds shows the differences at each."
        )
        return
    pairs = [
        shape(values, key, one)
        for key, one in values.items()
        if (key.analysis, key.variant, key.construct) == ("clmm_nominal_pairs", variant, construct)
        and is_significant(one["p_gated"])
    ]
    which = " ".join(pairs) or (
        "Of which pairs that is so cannot be said: of none after Holm's correction. The figure of thresholds "
        "shows the differences at each."
    )
    yield (
        f"{construct}: the differences between conditions are not {told}, so that an odds ratio "
        f"of all points is no more than an average. {which}"
    )


def chi2(test: Mapping[str, float]) -> str:
    return f"χ²({test['df']:.0f}) = {test['chi2']:.2f}, {p_words(test['p'])}"


def shape(values: Values, pair: Key, one: Mapping[str, float]) -> str:
    """The pair's odds ratio at each threshold that both conditions have."""
    ratios = [
        f"above {key.term.split('|')[0]} {np.exp(cut['estimate']):.2f}, "
        f"{interval_words(float(np.exp(cut['low'])), float(np.exp(cut['high'])))}"
        for key, cut in values.items()
        if (key.analysis, key.variant, key.construct, key.group1, key.group2)
        == ("clmm_nominal_differences", pair.variant, pair.construct, pair.group1, pair.group2)
    ]
    return (
        f"The difference between {pair.group1} and {pair.group2} is not ({holm_words(one['p_holm'])}); odds "
        f"ratios of a rating in {pair.group2} against {pair.group1}: {'; '.join(ratios)}."
    )
