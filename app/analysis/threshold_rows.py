"""What statistics.csv holds of models that have thresholds by condition. `term` is a threshold."""

from dataclasses import replace

from app.analysis.rows import Row, Rows, coefficient
from app.analysis.statistics.nominal import NO_BOUND, CutDifference, NominalModel, PairShape


def of_model(one: NominalModel) -> Rows:
    """Thresholds without a bound have no row."""
    yield Row(n=one.n, values={"n": one.n, "loglik": one.loglik})
    for condition, places in zip(one.conditions, one.places, strict=True):
        for cut, place in zip(one.cuts, places, strict=True):
            if place != NO_BOUND:
                yield replace(coefficient(one.coefficients[place], one.n), group1=condition, term=cut)
    for factor, deviation in one.deviations.items():
        yield Row(term=factor, n=one.n, values={"random_sd": deviation})


def of_difference(one: CutDifference) -> Rows:
    values = {"estimate": one.estimate, "se": one.se, "low": one.low, "high": one.high}
    yield Row(group1=one.group1, group2=one.group2, term=one.cut, values=values)


def of_pair(one: PairShape) -> Rows:
    values = {"chi2": one.chi2, "df": one.df, "p": one.p, "p_holm": one.p_holm}
    yield Row(group1=one.group1, group2=one.group2, values=values)
