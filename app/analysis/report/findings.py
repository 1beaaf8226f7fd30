"""The results in sentences, as a paper's results section begins: what the cumulative link models found."""

from collections.abc import Iterator, Sequence

from app.analysis.material import Material
from app.analysis.p_values import holm_words, interval_words, is_significant, p_words
from app.analysis.tidy import Key, Note, Statistic

Values = dict[Key, dict[str, float]]


def findings(
    material: Material, found: Sequence[Statistic | Note], variant: str = "all_rows"
) -> Iterator[str]:
    """A sentence for each construct that has a model of these rows."""
    values: Values = {}
    for one in found:
        if isinstance(one, Statistic):
            values.setdefault(one.key, {})[one.quantity] = one.value
    for construct in material.constructs:
        test = values.get(Key("clmm_test", variant, construct))
        if test is not None:
            statistic = f"χ²({test['df']:.0f}) = {test['chi2']:.2f}"
            outcome = f"{statistic}, {p_words(test['p'])}, {holm_words(test['p_holm'])}"
            is_clear = is_significant(test["p_holm"])
            verdict = "conditions differ" if is_clear else "no difference between conditions was shown"
            yield f"{construct}: {verdict} ({outcome}). {pairs(values, variant, construct)}"


def pairs(values: Values, variant: str, construct: str) -> str:
    """Pairs whose corrected p is below .05, the higher condition first."""
    clear = [
        higher(key, one)
        for key, one in values.items()
        if (key.analysis, key.variant, key.construct) == ("clmm_contrasts", variant, construct)
        and is_significant(one["p_holm"])
    ]
    return f"Rated higher: {'; '.join(clear)}." if clear else "No pair differs after Holm's correction."


def higher(key: Key, one: dict[str, float]) -> str:
    odds = (one["odds_ratio"], one["odds_ratio_low"], one["odds_ratio_high"])
    first, second = key.group1, key.group2
    if odds[0] < 1:
        first, second = second, first
        odds = (1 / odds[0], 1 / odds[2], 1 / odds[1])
    ratio, low, high = odds
    interval = f"odds ratio {ratio:.2f}, {interval_words(low, high)}, {holm_words(one['p_holm'])}"
    return f"{second} than {first} ({interval})"
