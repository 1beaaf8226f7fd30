"""The results in sentences, as a paper's results section begins: what the cumulative link models found.

A pair is claimed only where the test of all conditions is significant in its family of constructs, and the
pair's own p-value is after Holm's correction over the pairs: `p_gated` is the larger of the two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.analysis.material import Material
from app.analysis.p_values import holm_words, interval_words, is_significant, p_words
from app.analysis.report.odds_words import uneven
from app.analysis.tidy import Key, Note, Statistic, by_key

Values = dict[Key, dict[str, float]]


def findings(
    material: Material, found: Sequence[Statistic | Note], variant: str = "all_rows"
) -> Iterator[str]:
    """For each construct what was found, or why nothing could be and what is known; and where odds differ."""
    values = by_key(found)
    reasons = {one.key: one.sentence for one in found if isinstance(one, Note)}
    for construct in material.constructs:
        test = values.get(Key("clmm_test", variant, construct))
        if test is not None:
            yield f"{construct}: {verdict(test)} {pairs(values, variant, construct, test)}"
            yield from uneven(values, variant, construct)
        elif reason := reasons.get(Key("clmm", variant, construct)):
            yield f"{construct}: no model could be fitted. {reason} {instead(values, variant, construct)}"


def verdict(test: dict[str, float]) -> str:
    statistic = f"χ²({test['df']:.0f}) = {test['chi2']:.2f}"
    outcome = f"{statistic}, {tested(test)}, {holm_words(test['p_holm'])}"
    words = (
        "conditions differ"
        if is_significant(test["p_holm"])
        else "no difference between conditions was shown"
    )
    return f"{words} ({outcome})."


def tested(test: dict[str, float]) -> str:
    """The p that counts, and how it was found."""
    if "p_bootstrap" not in test:
        return p_words(test["p"])
    return (
        f"{p_words(test['p_bootstrap'])} by parametric bootstrap, {test['simulated']:.0f} simulated studies"
    )


def pairs(values: Values, variant: str, construct: str, test: dict[str, float]) -> str:
    """Pairs that differ, the higher condition first; none where the conditions as a whole do not."""
    if not is_significant(test["p_holm"]):
        return "So no pair of conditions is compared in words."
    clear = [
        higher(key, one, values.get(replace(key, analysis="clmm_differences")))
        for key, one in values.items()
        if (key.analysis, key.variant, key.construct) == ("clmm_contrasts", variant, construct)
        and is_significant(one["p_gated"])
    ]
    if clear:
        return f"Rated higher: {'; '.join(clear)}."
    return "Which of them differ cannot be said: no pair does after Holm's correction."


def higher(key: Key, one: dict[str, float], points: dict[str, float] | None) -> str:
    """`points`: the pair's difference on the scale, where it is known."""
    odds = (one["odds_ratio"], one["odds_ratio_low"], one["odds_ratio_high"])
    first, second = key.group1, key.group2
    if odds[0] < 1:
        first, second = second, first
        odds = (1 / odds[0], 1 / odds[2], 1 / odds[1])
    ratio, low, high = odds
    told = f"odds ratio {ratio:.2f}, {interval_words(low, high)}, {holm_words(one['p_holm'])}"
    if points:
        sign = 1 if points["estimate"] > 0 else -1
        low, high = sorted((sign * points["low"], sign * points["high"]))
        told += f"; about {abs(points['estimate']):.2f} points on the scale, {interval_words(low, high)}"
    return f"{second} than {first} ({told})"


def instead(values: Values, variant: str, construct: str) -> str:
    """What can be said without a model: means, and a test that takes ratings as independent."""
    means = ", ".join(
        f"{key.group1} {one['mean']:.2f}"
        for key, one in values.items()
        if (key.analysis, key.variant, key.construct) == ("describe", variant, construct)
        and key.group1
        and "mean" in one
    )
    known = f"Mean ratings: {means}." if means else "There are no ratings."
    test = values.get(Key("kruskal", variant, construct))
    if test is None:
        return known
    statistic = f"H({test['df']:.0f}) = {test['H']:.2f}, {p_words(test['p'])}, {holm_words(test['p_holm'])}"
    return f"{known} Kruskal–Wallis test, which takes ratings as independent: {statistic}."
