"""Equivalence in sentences: which pairs differ by less than the plan's smallest effect of interest.

A difference is what the report calls one: from the cumulative link mixed model, where there is one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.analysis.material import Material
from app.analysis.p_values import holm_words, is_significant
from app.analysis.report.study_words import capital, counted
from app.analysis.tidy import Key, Note, Statistic, by_key

Values = dict[Key, dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What pairs were compared in: `within` is the bound in words."""

    analysis: str
    model: str
    noun: str
    within: str


def equivalences(
    material: Material, found: Sequence[Statistic | Note], variant: str = "all_rows"
) -> Iterator[str]:
    """A sentence for each construct and measure; nothing where no smallest effect was planned."""
    values = by_key(found, variant=variant)
    for measure in measures(material):
        for construct in material.constructs:
            pairs = {
                key: one
                for key, one in values.items()
                if (key.analysis, key.construct) == (measure.analysis, construct)
            }
            if pairs:
                yield f"{construct}, {measure.model}: {told(measure, pairs, values)}"


def measures(material: Material) -> Iterator[Measure]:
    bound = material.plan.smallest_effect
    if bound is not None and bound.points is not None:
        yield Measure(
            analysis="mixed_model_total_equivalence" if material.covariates else "mixed_model_equivalence",
            model="linear mixed model",
            noun="difference",
            within=f"within ±{bound.points:g} point{'s' * (bound.points != 1)}",
        )
    if bound is not None and bound.odds_ratio is not None:
        yield Measure(
            analysis="clmm_equivalence",
            model="cumulative link mixed model",
            noun="log odds",
            within=f"within an odds ratio of {1 / bound.odds_ratio:.2f} to {bound.odds_ratio:g}",
        )


def told(measure: Measure, pairs: Values, values: Values) -> str:
    """Each pair once: equivalent or not, and whether a difference was shown as well."""
    within = measure.within
    words = {
        (True, False): f"shown to be equivalent {within}",
        (True, True): f"a difference was shown, and that it is smaller than what matters ({within})",
        (False, True): f"a difference was shown, and not that it is {within}",
        (False, False): f"neither a difference nor equivalence {within} was shown",
    }
    names: dict[tuple[bool, bool], list[str]] = {verdict: [] for verdict in words}
    for key, one in pairs.items():
        is_equivalent = is_significant(one["p_holm"])
        shown = f" ({figures(measure, one)})" if is_equivalent else ""
        names[is_equivalent, differs(key, values)].append(f"{key.group1} and {key.group2}{shown}")
    return " ".join(f"{capital(words[verdict])}: {'; '.join(of)}." for verdict, of in names.items() if of)


def differs(key: Key, values: Values) -> bool:
    """Whether the report says that the pair differs."""
    for analysis in ("clmm_contrasts", key.analysis.replace("equivalence", "contrasts")):
        claim = values.get(replace(key, analysis=analysis, term=""))
        if claim is not None:
            return is_significant(claim.get("p_gated", 1.0))
    return False


def figures(measure: Measure, one: dict[str, float]) -> str:
    interval = f"90 % interval [{one['low90']:.2f}, {one['high90']:.2f}]"
    return f"{measure.noun} {one['estimate']:.2f}, {interval}, {holm_words(one['p_holm'])}"


def equivalence_methods(material: Material) -> Iterator[str]:
    """How equivalence was tested, and whether its bound was chosen before the data."""
    plan = material.plan
    within = [one.within for one in measures(material)]
    if not within:
        return
    when = "declared before the data"
    if late := plan.last_change("smallest_effect_of_interest"):
        when = (
            f"from the plan of version {plan.version}, which came to say so when there were "
            f"{counted(late.responses, 'response')}, so it was not declared before the data"
        )
    yield (
        f"Equivalence of pairs {' and '.join(within)} ({when}) was tested by two one-sided tests (TOST) of "
        "the main models' contrasts. Intervals are 90 % Wald intervals; p (Holm) is the larger of the two "
        "p-values, corrected over the pairs of a construct. It does not wait for the test of all conditions, "
        "which asks whether anything differs at all: to show no difference is not to show equivalence, and a "
        "small difference can be both shown and smaller than what matters."
    )
