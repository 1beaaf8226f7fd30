"""Which tables a report has, and in which order: what knows of people and items first."""

from collections.abc import Iterator, Mapping, Sequence

from app.analysis.material import BY_HAND, TEXT, Material
from app.analysis.report.tables import Table, table
from app.analysis.tidy import Note, Statistic

Found = Sequence[Statistic | Note]
COEFFICIENT = ("estimate", "se", "statistic", "df", "p", "low", "high")
LINEAR = (*COEFFICIENT, "r2", "adj_r2", "F")
PAIR = ("estimate", "se", "t", "df", "p", "p_holm", "p_gated", "low", "high")
ODDS = ("odds_ratio", "odds_ratio_low", "odds_ratio_high", "z", "p", "p_holm", "p_gated")
VARIANTS = {
    "all_rows": "all rows",
    "no_outliers": "without outliers of Quality",
    "exclusions": "after the declared exclusions",
    "by_hand": "without people excluded by hand",
    "completers": "only people who completed the study",
}
LMM = "Linear mixed model"
CLMM = "Cumulative link mixed model"
ADJUSTED = ", adjusted for explanation length"  # where lengths were recorded
PARTS = (*COEFFICIENT, "variance", "is_at_zero")
A = ("A", "A_low", "A_high", "delta", "delta_low", "delta_high")
SHARES = ("var_rater", "var_item", "var_residual", "icc_rater")
# analysis, title, quantities
MODELS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("clmm_test", "Cumulative link mixed model: is there a difference between conditions?", ()),
    (
        "clmm_contrasts",
        "Cumulative link mixed model: odds ratios of pairs (above 1: the second is rated higher)",
        ODDS,
    ),
    (
        "clmm_differences",
        f"{CLMM}: points on the scale between conditions, over all people and texts (second less first)",
        (),
    ),
    ("clmm_means", f"{CLMM}: expected ratings, over all people and texts", ()),
    ("clmm_probabilities", f"{CLMM}: probability of each rating (term), over all people and texts", ()),
    (
        "clmm",
        "Cumulative link mixed model: coefficients and intercepts",
        (*COEFFICIENT, "random_sd", "is_at_zero"),
    ),
    ("clmm_nominal_test", f"{CLMM}: are odds proportional (the same difference at every threshold)?", ()),
    (
        "clmm_nominal_pairs",
        f"{CLMM} with thresholds by condition: is a pair's difference the same at every threshold?",
        (),
    ),
    (
        "clmm_nominal_differences",
        f"{CLMM} with thresholds by condition: log odds of a rating above each (second less first)",
        ("estimate", "se", "low", "high"),
    ),
    (
        "clmm_nominal",
        f"{CLMM} with thresholds by condition: thresholds and intercepts",
        ("estimate", "se", "low", "high", "random_sd"),
    ),
    ("clmm_correct", "Cumulative link mixed model with the answer's correctness", COEFFICIENT),
    ("clmm_interaction_test", "Does correctness matter differently between conditions?", ()),
    ("mixed_model_total_test", f"{LMM}: is there a difference between conditions?", ()),
    ("mixed_model_total_contrasts", f"{LMM}: pairs (second less first)", PAIR),
    ("mixed_model_total", f"{LMM} (REML)", PARTS),
    ("mixed_model_test", f"{LMM}{ADJUSTED}: is there a difference between conditions?", ()),
    ("mixed_model", f"{LMM}{ADJUSTED} (REML)", PARTS),
    ("mixed_model_contrasts", f"{LMM}{ADJUSTED}: pairs (second less first)", PAIR),
    (
        "clmm_equivalence",
        f"{CLMM}: is a pair equivalent, within ± the smallest effect of interest in log odds?",
        (),
    ),
    (
        "mixed_model_total_equivalence",
        f"{LMM}: is a pair equivalent, within ± the smallest effect of interest in points?",
        (),
    ),
    (
        "mixed_model_equivalence",
        f"{LMM}{ADJUSTED}: is a pair equivalent, within ± the smallest effect of interest in points?",
        (),
    ),
    *(
        (
            f"without_one_{unit}",
            f"{LMM}: pairs (second less first) without one {words} at a time",
            (),
        )
        for unit, words in (("participant", "person"), (TEXT, "text"), ("question", "question and its texts"))
    ),
    (
        "mixed_model_order_test",
        f"{LMM} with position and previous condition: do conditions differ, and does the order matter?",
        (),
    ),
    ("mixed_model_order", f"{LMM} with position and previous condition (REML)", PARTS),
    ("clmm_plain_test", f"{CLMM} without participant × condition: test", ()),
    ("clmm_plain_contrasts", f"{CLMM} without participant × condition: odds ratios of pairs", ODDS),
    (
        "mixed_model_plain_test",
        f"{LMM}{ADJUSTED}, without participant × condition: test",
        (),
    ),
    ("mixed_model_plain", f"{LMM}{ADJUSTED}, without participant × condition (REML)", PARTS),
)
SIMPLE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("describe", "Descriptive figures", ()),
    ("kruskal", "Kruskal–Wallis tests", ()),
    ("dunn", "Dunn's tests (z positive: the second condition is higher)", ()),
    (
        "vargha_delaney",
        "Vargha–Delaney's A and Cliff's δ (A above .5: the first condition is higher) with 95 % intervals",
        A,
    ),
    ("linear_model", "Linear model", LINEAR),
    (
        "linear_model_controls",
        "Linear model with controls (answers of few people, counted once for each of their ratings)",
        LINEAR,
    ),
    (
        "clm_test",
        "Cumulative link model without random effects: do conditions differ?",
        (),
    ),
    ("clm_nominal_test", "Cumulative link model without random effects: are odds proportional?", ()),
    ("clm_contrasts", "Cumulative link model without random effects: odds ratios of pairs", ODDS),
    ("clm", "Cumulative link model without random effects: coefficients", COEFFICIENT),
    (
        "paired",
        "Paired view: Friedman and Wilcoxon (ranks of first less second) on means of people who rated all",
        (),
    ),
    ("shapiro", "Shapiro–Wilk tests of normality", ()),
    ("levene", "Levene's tests (median)", ()),
    ("shapiro_multivariate", "Shapiro–Wilk test of the constructs together", ()),
    ("box_m", "Box's M: do the constructs' covariances differ between conditions?", ()),
    ("outliers", "Outliers by 1.5 interquartile ranges", ()),
    ("correlation", "Correlations between constructs", ()),
    ("cronbach", "Cronbach's α of the constructs", ()),
)
RELIABILITY: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("krippendorff_ordinal", "Agreement on a text: Krippendorff's α, ordinal", ()),
    ("krippendorff_interval", "Agreement on a text: Krippendorff's α, interval", ()),
    (
        "icc",
        "Variance between participants and questions, and the rest (no condition in the model)",
        SHARES,
    ),
    ("icc_one_way", "ICC(1): how alike ratings of one participant, and of one text, are", ()),
    (
        "d_study",
        "Reliability of a text's mean by raters (relative: the same rate all; absolute: own raters)",
        (),
    ),
    ("d_study_need", "Variances of texts and of one rater's error, and raters for a reliability of .8", ()),
    ("describe_by_correctness", "Ratings by correctness of the answer", ()),
    ("kruskal_by_correctness", "Kruskal–Wallis tests by correctness of the answer", ()),
    ("dunn_by_correctness", "Dunn's tests by correctness of the answer", ()),
    ("vargha_delaney_by_correctness", "Vargha–Delaney's A by correctness of the answer", A),
)
PEOPLE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("participants", "Who took part, each person counted once", ()),
    ("responses_per_person", "Responses of one person", ()),
    (
        "leaving",
        "Texts that were due, and people who left the study at one",
        (),
    ),
    ("leaving_test", "Mantel's test: do people leave at some conditions more than at others?", ()),
    ("explanation_length", "Length of explanations (characters)", ()),
)


def variant_words(material: Material) -> dict[str, str]:
    """What each version of the rows is called; rules are declared only if they were before the data."""
    rules = "after the declared exclusions"
    if not material.plan.is_declared("exclude"):
        rules = "after exclusions by rules that changed once there were answers"
    by_hand = " and those by hand" if BY_HAND in material.frame else ""
    return VARIANTS | {"exclusions": rules + by_hand}


def tables(material: Material, found: Found) -> Iterator[Table]:
    """In each version of the rows that there are figures of."""
    variants = list(dict.fromkeys(one.key.variant for one in found if one.key.variant != "published"))
    words = {name: told for name, told in variant_words(material).items() if name in variants}
    for analysis, title, quantities in MODELS:
        true_title = title if material.covariates else title.replace(ADJUSTED, "")
        yield from in_variants(found, analysis, true_title, quantities, words)
    for analysis, title, quantities in SIMPLE:
        shown = {one: told for one, told in words.items() if (analysis, one) != ("outliers", "no_outliers")}
        yield from in_variants(found, analysis, title, quantities, shown)
    for analysis, title, quantities in (*RELIABILITY, *PEOPLE):
        yield from in_variants(found, analysis, title, quantities, {"all_rows": VARIANTS["all_rows"]})


def in_variants(
    found: Found, analysis: str, title: str, quantities: Sequence[str], variants: Mapping[str, str]
) -> Iterator[Table]:
    """The same table for each version of the data that the analysis was made on."""
    for variant, words in variants.items():
        made = table(found, f"{title} ({words})", analysis, variant, quantities)
        if made.rows or made.notes:
            yield made
