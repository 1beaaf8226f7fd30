"""What statistics.csv holds of each result, and its name there, which scripts of others read."""

from collections.abc import Iterator
from functools import singledispatch

from app.analysis import threshold_rows
from app.analysis.rows import Row, Rows, coefficient
from app.analysis.statistics.agreement import Alpha, ComponentIcc, OneWayIcc
from app.analysis.statistics.association import Correlation, Cronbach
from app.analysis.statistics.base import Undefined
from app.analysis.statistics.bootstrap import Bootstrap
from app.analysis.statistics.contrasts import Contrast, MixedTest, OddsRatio
from app.analysis.statistics.cumulative import CumulativeModel
from app.analysis.statistics.decision_study import DecisionStudy, MeanReliability
from app.analysis.statistics.describe import Description, Fences, Levene, Shapiro
from app.analysis.statistics.effects import Superiority
from app.analysis.statistics.equivalence import Equivalence
from app.analysis.statistics.leave_one_out import WithoutOne
from app.analysis.statistics.leaving import Leaving, LeavingTest
from app.analysis.statistics.likelihood_ratio import LikelihoodRatio
from app.analysis.statistics.linear import LinearModel
from app.analysis.statistics.marginal import Estimated
from app.analysis.statistics.mixed import MixedModel
from app.analysis.statistics.multivariate import BoxM
from app.analysis.statistics.nominal import CutDifference, NominalModel, PairShape
from app.analysis.statistics.paired import Friedman, Paired, WilcoxonPair
from app.analysis.statistics.ranks import DunnPair, Kruskal


@singledispatch
def rows_of(result: object) -> Rows:
    raise TypeError(f"Nothing says what statistics.csv holds of a {type(result).__name__}.")


@rows_of.register
def _(one: Undefined) -> Rows:
    yield one


# Of one group of values


@rows_of.register
def _(one: Description) -> Rows:
    spread = {"sd": one.sd, "se": one.se}
    quartiles = {"median": one.median, "q1": one.q1, "q3": one.q3, "iqr": one.iqr}
    ends = {"min": one.min, "max": one.max}
    yield Row(n=one.n, values={"n": one.n, "mean": one.mean, **spread, **quartiles, **ends})


@rows_of.register
def _(one: Shapiro) -> Rows:
    yield Row(n=one.n, values={"n": one.n, "W": one.W, "p": one.p})


@rows_of.register
def _(one: Fences) -> Rows:
    ends = {"q1": one.q1, "q3": one.q3, "lower": one.lower, "upper": one.upper}
    yield Row(n=one.n, values={"n": one.n, **ends, "outliers": one.outliers, "extreme": one.extreme})


# Of groups that are compared


@rows_of.register
def _(one: Levene) -> Rows:
    yield Row(n=one.n, values={"n": one.n, "F": one.F, "df1": one.df1, "df2": one.df2, "p": one.p})


@rows_of.register
def _(one: BoxM) -> Rows:
    yield Row(n=one.n, values={"n": one.n, "chi2": one.chi2, "df": one.df, "p": one.p})


@rows_of.register
def _(one: Kruskal) -> Rows:
    effects = {"eta2": one.eta2, "epsilon2": one.epsilon2}
    yield Row(n=one.n, values={"n": one.n, "H": one.H, "df": one.df, "p": one.p, **effects})


@rows_of.register
def _(one: DunnPair) -> Rows:
    tests = {"z": one.z, "p": one.p, "p_bonferroni": one.p_bonferroni, "p_holm": one.p_holm}
    yield Row(group1=one.group1, group2=one.group2, n=one.n, values={"n": one.n, **tests})


@rows_of.register
def _(one: Superiority) -> Rows:
    a = {"A": one.A, "A_low": one.A_low, "A_high": one.A_high}
    delta = {"delta": one.delta, "delta_low": one.delta_low, "delta_high": one.delta_high}
    values = {"n": one.n, **a, **delta, "U": one.U, "p": one.p}
    yield Row(group1=one.group1, group2=one.group2, n=one.n, values=values)


@rows_of.register
def _(one: Paired) -> Rows:
    yield from rows_of(one.friedman)
    for pair in one.wilcoxon:
        yield from rows_of(pair)


@rows_of.register
def _(one: Friedman) -> Rows:
    values = {"n": one.n, "dropped": one.dropped, "chi2": one.chi2, "df": one.df, "p": one.p}
    yield Row(n=one.n, values=values)


@rows_of.register
def _(one: WilcoxonPair) -> Rows:
    values = {"n": one.n, "statistic": one.statistic, "p": one.p, "p_holm": one.p_holm}
    yield Row(group1=one.group1, group2=one.group2, n=one.n, values=values)


# Of models


@rows_of.register
def _(one: LinearModel) -> Rows:
    yield Row(n=one.n, values={"n": one.n})
    for each in one.coefficients:
        yield coefficient(each, one.n)
    test = {"F": one.F, "df1": one.df1, "df2": one.df2, "p": one.p, "sigma": one.sigma}
    fit = {"loglik": one.loglik, "aic": one.aic, "bic": one.bic}
    yield Row(n=one.n, values={"r2": one.r2, "adj_r2": one.adj_r2, **test, **fit})


@rows_of.register
def _(one: MixedModel) -> Rows:
    yield Row(n=one.n, values={"n": one.n})
    for each in one.coefficients:
        yield coefficient(each, one.n)
    yield Row(n=one.n, values={"loglik": one.loglik})
    for factor, variance in one.variances.items():
        yield Row(term=factor, n=one.n, values={"variance": variance})
    yield from intercepts(one)


@rows_of.register
def _(one: CumulativeModel) -> Rows:
    yield Row(n=one.n, values={"n": one.n})
    for each in one.coefficients:
        yield coefficient(each, one.n)
    yield Row(n=one.n, values={"loglik": one.loglik, "thresholds": one.thresholds})
    for factor, deviation in one.deviations.items():
        yield Row(term=factor, n=one.n, values={"random_sd": deviation})
    yield from intercepts(one)


def intercepts(model: MixedModel | CumulativeModel) -> Iterator[Row]:
    """Which were fitted, and which were left out because their variance was estimated as zero."""
    for factor in (*model.fitted, *model.at_zero):
        yield Row(term=factor, n=model.n, values={"is_at_zero": float(factor in model.at_zero)})


@rows_of.register
def _(one: LikelihoodRatio) -> Rows:
    yield Row(n=one.n, values={"n": one.n, "chi2": one.chi2, "df": one.df, "p": one.p})


@rows_of.register
def _(one: Bootstrap) -> Rows:
    counts = {"simulated": one.runs, "exceeded": one.exceeded, "refits_failed": one.failed}
    yield Row(values={"p_bootstrap": one.p, **counts})


@rows_of.register
def _(one: MixedTest) -> Rows:
    yield from rows_of(one.ratio)
    yield Row(n=one.n, values={"F": one.f.F, "df1": one.f.df1, "df2": one.f.df2, "p_F": one.f.p})


@rows_of.register
def _(one: Contrast) -> Rows:
    estimate = {"estimate": one.estimate, "se": one.se, "low": one.low, "high": one.high}
    statistic = {"z": one.statistic} if one.df is None else {"t": one.statistic, "df": one.df}
    p_values = {"p": one.p, "p_bonferroni": one.p_bonferroni, "p_holm": one.p_holm}
    yield Row(group1=one.group1, group2=one.group2, values={**estimate, **statistic, **p_values})


@rows_of.register
def _(one: OddsRatio) -> Rows:
    values = {
        "odds_ratio": one.odds_ratio,
        "odds_ratio_low": one.odds_ratio_low,
        "odds_ratio_high": one.odds_ratio_high,
    }
    yield Row(group1=one.group1, group2=one.group2, values=values)


@rows_of.register
def _(one: Equivalence) -> Rows:
    interval = {"low90": one.low90, "high90": one.high90}
    tests = {"p_lower": one.p_lower, "p_upper": one.p_upper, "p_tost": one.p_tost, "p_holm": one.p_holm}
    values = {"bound": one.bound, "estimate": one.estimate, **interval, **tests}
    yield Row(group1=one.group1, group2=one.group2, values=values)


@rows_of.register
def _(one: Estimated) -> Rows:
    values = {"estimate": one.estimate, "se": one.se, "low": one.low, "high": one.high}
    yield Row(group1=one.group1, group2=one.group2, term=one.term, values=values)


@rows_of.register
def _(one: WithoutOne) -> Rows:
    estimates = {"estimate_low": one.low, "estimate_high": one.high}
    p_values = {"p_smallest": one.p_smallest, "p_largest": one.p_largest}
    values = {"left_out": one.left_out, **estimates, **p_values, "changing": one.changing}
    yield Row(group1=one.group1, group2=one.group2, values=values)
    if one.whose:
        without = {"estimate_without": one.estimate_without, "p_without": one.p_without}
        yield Row(group1=one.group1, group2=one.group2, term=f"without {one.whose}", values=without)


rows_of.register(NominalModel, threshold_rows.of_model)
rows_of.register(CutDifference, threshold_rows.of_difference)
rows_of.register(PairShape, threshold_rows.of_pair)


# Of people who left


@rows_of.register
def _(one: Leaving) -> Rows:
    values = {"due": one.due, "left": one.left, "share_left": one.share}
    yield Row(group1=one.group1, n=one.due, values=values)


@rows_of.register
def _(one: LeavingTest) -> Rows:
    test = {"chi2": one.chi2, "df": one.df, "p": one.p, "p_chi2": one.p_chi2}
    yield Row(n=one.n, values={"due": one.n, "left": one.left, **test})


# Of agreement, and of how constructs go together


@rows_of.register
def _(one: Alpha) -> Rows:
    values = {
        "n": one.n,
        "units": one.units,
        "raters": one.raters,
        "alpha": one.alpha,
        "low": one.low,
        "high": one.high,
    }
    yield Row(n=one.n, values=values)


@rows_of.register
def _(one: OneWayIcc) -> Rows:
    squares = {"n0": one.n0, "msb": one.msb, "msw": one.msw}
    test = {"F": one.F, "df1": one.df1, "df2": one.df2, "p": one.p}
    yield Row(n=one.n, values={"n": one.n, "icc1": one.icc1, **squares, **test})


@rows_of.register
def _(one: ComponentIcc) -> Rows:
    values = {
        "n": one.n,
        "var_rater": one.var_rater,
        "var_item": one.var_item,
        "var_residual": one.var_residual,
        "icc_item_agreement": one.icc_item_agreement,
        "icc_item_consistency": one.icc_item_consistency,
        "icc_rater": one.icc_rater,
    }
    yield Row(n=one.n, values=values)


@rows_of.register
def _(one: DecisionStudy) -> Rows:
    variances = {"var_object": one.var_object, "var_relative": one.var_relative}
    raters = {"raters_relative": one.raters_relative, "raters_absolute": one.raters_absolute}
    values = {"n": one.n, **variances, "var_absolute": one.var_absolute, **raters}
    yield Row(term=" + ".join(one.parts), n=one.n, values=values)


@rows_of.register
def _(one: MeanReliability) -> Rows:
    term = f"{one.raters} rater{'s' * (one.raters > 1)}"
    yield Row(term=term, values={"relative": one.relative, "absolute": one.absolute})


@rows_of.register
def _(one: Correlation) -> Rows:
    pearson = {"r": one.r, "t": one.t, "df": one.df, "p": one.p, "r_low": one.r_low, "r_high": one.r_high}
    values = {"n": one.n, **pearson, "rho": one.rho, "rho_p": one.rho_p}
    yield Row(group1=one.group1, group2=one.group2, n=one.n, values=values)


@rows_of.register
def _(one: Cronbach) -> Rows:
    yield Row(n=one.n, values={"n": one.n, "alpha": one.alpha, "alpha_std": one.alpha_std})
