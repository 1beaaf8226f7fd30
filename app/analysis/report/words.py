"""The report's sentences: what the data can say, and how it was computed."""

from collections.abc import Iterator, Sequence

from app.analysis.material import (
    BY_HAND,
    BY_RULE,
    CORRECT,
    LENGTH,
    PERSON_CONDITION,
    QUALITY,
    TEXT,
    Material,
    marked,
)
from app.analysis.order import POSITION
from app.analysis.p_values import p_words
from app.analysis.report.few_words import few_levels, simulations
from app.analysis.statistics.design import reference_level
from app.analysis.tidy import Note, Statistic, by_key

Found = Sequence[Statistic | Note]
FEW = 5  # people
WITH_INTERCEPTS = {
    "clmm": "cumulative link mixed model",
    "mixed_model": "linear mixed model",
    "mixed_model_total": "linear mixed model not adjusted for length",
}
FACTORS = {PERSON_CONDITION: "participant × condition"}  # that are not called as in data.csv


def cautions(material: Material, found: Found) -> Iterator[str]:
    frame = material.frame
    per_text = frame.groupby(TEXT).size()
    pairs = frame.groupby(["question", "condition"], observed=True).ngroups
    texts = (
        "question × condition" if pairs == len(per_text) else f"of {pairs} pairs of question and condition"
    )
    yield (
        f"{frame['participant'].nunique()} participants gave {len(frame)} responses on "
        f"{frame['question'].nunique()} questions, {len(per_text)} texts ({texts}) in "
        f"{len(material.conditions)} conditions."
    )
    if BY_HAND in frame:
        yield (
            f"All rows are all: of the {len(frame)} responses, {int(frame[BY_HAND].sum())} are of people "
            "whom a researcher excluded, for the reasons that stand under Participants. Models, tests and "
            "descriptive figures are shown without them, too; pictures are of all rows."
        )
    if material.removed and not (marked(frame, BY_RULE) | marked(frame, BY_HAND)).any():
        yield "The exclusion rules take nobody out, so what is said of all rows holds after exclusions, too."
    if per_text.max() == 1:
        yield (
            "Every text was rated by exactly one person, so agreement on a text cannot be computed: ratings "
            "of one question in two conditions are ratings of different texts. For the same reason no model "
            "has an intercept for the text: it could not be told from the rest."
        )
    else:
        share = float((per_text > 1).mean())
        yield f"{percent(share)} of the texts have two or more ratings; agreement is computed on those alone."
    yield from clustering(found)
    yield from few_levels(material, found)
    yield from lengths(material)
    yield from outliers(found)
    yield from small_groups(material)
    yield from leaving(found)
    if not material.has(CORRECT):
        yield "Whether the student's answer was right was not recorded, so results cannot be split by it."


def clustering(found: Found) -> Iterator[str]:
    shares = {
        one.key.construct: one.value
        for one in found
        if isinstance(one, Statistic) and (one.key.analysis, one.quantity) == ("icc", "icc_rater")
    }
    if shares:
        low, high = min(shares.values()), max(shares.values())
        yield (
            f"Of a construct's variance, {percent(low)} to {percent(high)} lies between participants: that "
            "is how much ratings of one person are alike. Rank tests, effect sizes, standard errors of means "
            "and the linear model take ratings as independent and ignore this; the mixed models, which are "
            "shown first, do not."
        )
    zero = [
        f"{FACTORS.get(key.term, key.term)} ({key.construct}, {WITH_INTERCEPTS[key.analysis]})"
        for key, one in by_key(found, variant="all_rows").items()
        if key.analysis in WITH_INTERCEPTS and one.get("is_at_zero") == 1
    ]
    if zero:
        yield f"Variances estimated as zero, whose intercepts were left out: {', '.join(zero)}."


def lengths(material: Material) -> Iterator[str]:
    if not material.covariates:
        return
    means = material.frame.groupby("condition", observed=True)[LENGTH].mean().dropna()
    if len(means) > 1:
        shown = ", ".join(f"{label} {mean:.0f}" for label, mean in means.items())
        yield (
            f"Mean length of explanations in characters: {shown}. Length is a part of what a condition does, "
            "so models that are adjusted for it answer another question than those that are not: whether "
            "conditions differ among explanations of equal length. Cumulative link models are not adjusted; "
            "linear mixed models are shown both ways; the linear model is adjusted, as published."
        )


def small_groups(material: Material) -> Iterator[str]:
    """Answers of so few people that their coefficients are about persons."""
    persons = material.frame.drop_duplicates("participant")
    counts = {control: persons[control].astype(str).value_counts() for control in material.controls}
    few = [
        f"{control}: {level} ({count})"
        for control, levels in counts.items()
        for level, count in levels.sort_index().items()
        if count < FEW
    ]
    if few:
        references = [f"{one}: {reference_level(one, levels.index)}" for one, levels in counts.items()]
        yield (
            "The linear model with controls counts a person's answers once for each of that person's "
            f"ratings, so its p-values of controls are far too small. Answers of fewer than {FEW} people: "
            f"{', '.join(few)}. Reference answers: {', '.join(references)}."
        )


def leaving(found: Found) -> Iterator[str]:
    """Whether people who dropped out did so at some conditions, and what a test of that can say."""
    tests = {key.term: one for key, one in by_key(found, analysis="leaving_test").items()}
    if tests:
        told = ", ".join(f"by the condition of {term} {p_words(one['p'])}" for term, one in tests.items())
        left = max(one["left"] for one in tests.values())
        yield (
            f"{left:.0f} of the people who dropped out left at a text. Whether they left at some "
            f"conditions more than at others (Mantel's test): {told}. A small p would mean that the "
            "ratings of those who stayed may not stand for all; a large one does not show that people left "
            "equally, as so few can show large differences alone. Nothing is said of who left before the "
            "first text or in the questionnaire, or withdrew."
        )


def outliers(found: Found) -> Iterator[str]:
    removed = [
        int(one.value)
        for one in found
        if isinstance(one, Statistic)
        and (one.key.analysis, one.key.variant, one.quantity) == ("outliers", "all_rows", "outliers")
        and one.key.construct == QUALITY
    ]
    if removed:
        yield (
            f"The rule of 1.5 interquartile ranges marks {sum(removed)} responses as outliers of {QUALITY}; "
            "models, tests and descriptive figures are shown with and without them. On a bounded scale such "
            "values are ratings like any other."
        )


def methods(material: Material, found: Found) -> Iterator[str]:
    factors = [FACTORS.get(name, name) for name in material.factors]
    intercepts = f"crossed random intercepts for {listed(factors)}" if factors else "no random intercepts"
    length = ", with and without explanation length as covariate" if material.covariates else ""
    yield (
        f"Each construct was rated on a scale of up to {len(material.scale)} points; Quality is the mean of "
        f"{listed(material.constructs)}. The reference condition is {material.conditions[0]}."
    )
    yield (
        "p (Holm) of a test of conditions is corrected over the constructs, p (Holm) of a pair over the "
        "pairs of a construct. A pair is said to differ only where the test of all conditions and the pair "
        "itself are both below .05 after their corrections (tables: p (gated), the larger of the two). "
        f"{families(material)}A construct that could not be tested stays in its family."
    )
    yield from primaries(material)
    yield (
        "Ratings were analysed with cumulative link mixed models (logit link) with "
        f"{intercepts}, fitted by maximum likelihood with Laplace's approximation. Conditions were compared "
        "by likelihood-ratio tests and pairwise by odds ratios with 95 % Wald intervals. An intercept whose "
        "variance was estimated as zero was left out. Expected ratings, differences in points and "
        "probabilities of ratings are what these models say over all people and texts (averaged over the "
        "random intercepts), with 95 % intervals by the delta method; those of means and probabilities are "
        "symmetric on the logit scale."
    )
    yield from simulations(found)
    if any(one.key.analysis == "clmm_nominal_test" for one in found):
        yield (
            "An odds ratio says that a difference in log odds is the same at every threshold of the scale. "
            "That was tested against the same model with thresholds of each condition's own (likelihood "
            "ratio; Holm over constructs). The odds ratios rest on it, so p < .05 is told before that "
            "correction, too, as a doubt; that a pair's difference varies is only said where this test and "
            "Wald's test of the pair are below .05 after their corrections. A threshold beyond all ratings "
            "of a condition counts at its limit, as in R's clm, and its differences have no interval; then "
            "no more than a doubt is told unless the test of the other thresholds is below .05, too."
        )
    yield (
        f"Linear mixed models had the same random intercepts and condition as fixed effect{length}; they "
        "were fitted by REML, with t tests, intervals and F tests of the conditions by Satterthwaite's "
        "degrees of freedom, which allow for few people or few texts. Likelihood-ratio tests, by maximum "
        "likelihood, are shown beside the F tests. Shares of variance come from a model with intercepts for "
        "participant and question and no condition."
    )
    if PERSON_CONDITION in material.factors:
        yield (
            "People rated several texts of a condition, so the models have an intercept for each participant "
            "in each condition: a person's liking for a condition is no difference between conditions. As "
            "in the published analysis, the models without it are shown, too."
        )
    yield from order_methods(material)
    yield (
        "As in the published analysis, ratings were also compared by Kruskal–Wallis tests (η²: of H; ε²: H "
        "divided by n − 1) and Dunn's tests (Bonferroni and Holm), with Vargha–Delaney's A and Cliff's δ "
        "(intervals: DeLong's variance on the logit scale), and Quality by a linear model without the "
        "responses beyond 1.5 interquartile ranges (type 7 quartiles within conditions). Normality was "
        "tested by Shapiro and Wilk's test within conditions, equality of spread by Levene's test about "
        "medians; all constructs together by the multivariate Shapiro–Wilk test and Box's M; constructs were "
        "correlated by Pearson's r and Spearman's ρ, and their consistency is Cronbach's α. Cumulative link "
        "models without random effects take ratings as independent, as these tests do."
    )
    yield (
        "Paired comparisons use each person's mean in each condition, of people who rated all of them "
        "(Friedman; Wilcoxon's signed ranks without zeros, by the normal approximation corrected for ties "
        "and continuity, with Holm's correction)."
    )
    if material.frame.groupby(TEXT).size().max() > 1:
        yield (
            "Agreement is Krippendorff's α, computed only on texts with two or more ratings. Its interval "
            "takes texts and raters as samples: a jackknife that leaves out one text, one rater and one "
            "rater's ratings of one text at a time, on Fisher's z."
        )
    yield (
        "Every figure is in statistics.csv at full precision; analysis.R repeats the main models and the "
        "published tests in R from data.csv."
    )


def order_methods(material: Material) -> Iterator[str]:
    if material.has(POSITION):
        yield (
            "Whether the order matters was asked of linear mixed models of each construct and Quality, not "
            "adjusted for length, with two more fixed effects: the position (a straight line) and the "
            "condition that the person rated before (reference: the first text). Condition and order were "
            "tested by likelihood-ratio tests by maximum likelihood."
        )
    if material.due is not None:
        yield (
            "Leaving was tested by Mantel's test, with places in the order as strata and every text that "
            "was due as a chance to leave; its p-value counts 9,999 random draws (seeded) of who left. Who "
            "dropped out left at the first text that they did not rate."
        )


def families(material: Material) -> str:
    if material.primary and len(material.primary) < len(material.constructs):
        return "The declared primary constructs are a family of their own. "
    return ""


def primaries(material: Material) -> Iterator[str]:
    """Which constructs the plan calls primary, and whether that was before the data."""
    plan = material.plan
    if material.primary:
        yield f"Declared primary before the data: {', '.join(material.primary)}."
    elif plan.primary and (late := plan.last_change("primary")):
        yield (
            f"Primary by the plan of version {plan.version}: {', '.join(plan.primary)}. The plan came to say "
            f"so when there were {late.responses} responses, so no construct was declared primary before the "
            "data."
        )


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def listed(names: Sequence[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
