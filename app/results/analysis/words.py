"""The report's sentences: what the data can say, and how it was computed."""

from collections.abc import Iterator, Sequence

from app.results.analysis.material import CORRECT, LENGTH, QUALITY, TEXT, Material
from app.results.analysis.tidy import Figure, Note

Found = Sequence[Figure | Note]


def cautions(material: Material, found: Found) -> Iterator[str]:
    frame = material.frame
    per_text = frame.groupby(TEXT).size()
    yield (
        f"{frame['participant'].nunique()} participants gave {len(frame)} responses on "
        f"{frame['question'].nunique()} questions, {len(per_text)} texts (question × condition) in "
        f"{len(material.conditions)} conditions."
    )
    if per_text.max() == 1:
        yield (
            "Every text was rated by exactly one person, so agreement on a text cannot be computed: "
            "ratings of one question in two conditions are ratings of different texts."
        )
    else:
        share = float((per_text > 1).mean())
        yield f"{share:.0%} of the texts have two or more ratings; agreement is computed on those alone."
    yield from clustering(found)
    yield from outliers(found)
    if not material.has(CORRECT):
        yield "Whether the student's answer was right was not recorded, so results cannot be split by it."


def clustering(found: Found) -> Iterator[str]:
    shares = {
        one.key.construct: one.value
        for one in found
        if isinstance(one, Figure) and (one.key.analysis, one.quantity) == ("icc", "icc_rater")
    }
    if shares:
        low, high = min(shares.values()), max(shares.values())
        yield (
            f"Ratings cluster in people: {low:.0%} to {high:.0%} of the variance is between raters. "
            "Rank tests and the linear model take ratings as independent and ignore this; the mixed models, "
            "which are shown first, do not."
        )
    zero = [
        f"{one.key.term} ({one.key.construct}, {one.key.analysis.replace('_', ' ')})"
        for one in found
        if isinstance(one, Figure)
        and (one.quantity, one.key.variant, one.value) == ("is_at_zero", "all_rows", 1)
        and one.key.analysis in {"clmm", "mixed_model", "mixed_model_sensitivity"}
    ]
    if zero:
        yield f"Variances estimated as zero, whose intercepts were left out: {', '.join(zero)}."


def outliers(found: Found) -> Iterator[str]:
    removed = [
        int(one.value)
        for one in found
        if isinstance(one, Figure)
        and (one.key.analysis, one.key.variant, one.quantity) == ("outliers", "all_rows", "outliers")
        and one.key.construct == QUALITY
    ]
    if removed:
        yield (
            f"The rule of 1.5 interquartile ranges marks {sum(removed)} responses as outliers of {QUALITY}; "
            "the linear model is shown without them, as published, and with all rows. On a bounded scale "
            "such values are ratings like any other."
        )


def methods(material: Material) -> Iterator[str]:
    factors = ", ".join(material.factors)
    length = " and explanation length as covariate" if material.has(LENGTH) else ""
    yield (
        f"Each construct was rated on a scale of {len(material.scale)} points; Quality is the mean of "
        f"{', '.join(material.constructs)}. The reference condition is {material.conditions[0]}."
    )
    if material.primary:
        yield f"Declared primary before the data: {', '.join(material.primary)}."
    yield (
        "Ratings were analysed with cumulative link mixed models (logit link) with crossed random intercepts "
        f"for {factors}, fitted by maximum likelihood with Laplace's approximation. Conditions were compared "
        "by likelihood-ratio tests (p_holm: Holm's correction over constructs) and pairwise by odds ratios "
        "with 95 % Wald intervals (p_holm: over the pairs of a construct). An intercept whose variance was "
        "estimated as zero was left out."
    )
    yield (
        f"Linear mixed models had the same random intercepts, condition as fixed effect{length}, and were "
        "fitted by REML (likelihood-ratio tests: by maximum likelihood); p-values are the normal "
        "approximation's. The sensitivity model adds an intercept for each participant × condition."
    )
    yield (
        "As in the published analysis, ratings were also compared by Kruskal–Wallis and Dunn's tests "
        "(Bonferroni and Holm over the pairs of a construct), with Vargha–Delaney's A and Cliff's δ "
        "(intervals: DeLong's variance on the logit scale), and Quality by a linear model without the "
        "responses beyond 1.5 interquartile ranges (type 7 quartiles within conditions)."
    )
    yield (
        "Paired comparisons use each person's mean in each condition, of people who rated all of them "
        "(Friedman; Wilcoxon with Holm's correction). Agreement is Krippendorff's α with a bootstrap "
        "interval (1,000 samples of texts), computed only on texts with two or more ratings."
    )
    yield (
        "p-values below 1e-300 are shown as < 1e-300. Every figure is in statistics.csv at full precision; "
        "analysis.R repeats the analysis in R from data.csv."
    )
