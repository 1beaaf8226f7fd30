"""Whether odds are proportional: the same difference between conditions at every threshold of a scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from app.analysis.statistics.base import (
    Codes,
    Undefined,
    Vector,
    conditions_of,
    outcome_rows,
    values_of,
)
from app.analysis.statistics.climbing import fit
from app.analysis.statistics.crossed import crossed
from app.analysis.statistics.cumulative import CumulativeModel
from app.analysis.statistics.design import design
from app.analysis.statistics.laplace import Ordinal
from app.analysis.statistics.likelihood_ratio import LikelihoodRatio
from app.analysis.statistics.nominal import NominalModel, Rated, nominal_model

LEAST = 2  # thresholds: a single one moves by one amount whatever the ratings


@dataclass(frozen=True, kw_only=True)
class NominalTest:
    """`test` is of all thresholds. `unbounded` says which have no bound in some condition, and why.

    If any has none, `bounded` is the test of the others.
    """

    model: NominalModel
    test: LikelihoodRatio
    unbounded: str
    bounded: LikelihoodRatio | Undefined | None


def nominal_test(frame: pd.DataFrame, construct: str, model: CumulativeModel) -> NominalTest | Undefined:
    """The model with thresholds by condition against `model`, which has condition alone, by likelihood ratio.

    Both have the random intercepts of `model`. Where a condition lacks the lowest or highest ratings, the
    thresholds beyond its own are taken at their limits, where the likelihood is largest: so does R's `clm`.
    """
    rows = outcome_rows(frame, construct)
    rated = rated_of(rows, construct, model)
    kept = comparable(rated.counts)
    if len(kept) < LEAST:
        return too_few(rated)
    found = tested(rows, rated, model)
    if isinstance(found, Undefined):
        return found
    full, test = found
    told, bounded = unbounded(rated), None
    if told:
        fewer = tested(rows, taken_together(rated, kept), model)
        bounded = fewer if isinstance(fewer, Undefined) else fewer[1]
    return NominalTest(model=full, test=test, unbounded=told, bounded=bounded)


def rated_of(rows: pd.DataFrame, construct: str, model: CumulativeModel) -> Rated:
    factors = crossed(rows, [*model.fitted, *model.at_zero])
    for name in model.at_zero:
        factors = factors.without(name)
    _, categories = np.unique(values_of(rows, construct), return_inverse=True)
    return Rated(
        categories=categories.astype(np.intp),
        groups=np.asarray(rows["condition"].cat.codes, np.intp),
        factors=factors,
        conditions=tuple(conditions_of(rows)),
        cuts=tuple(one.term for one in model.coefficients[: model.thresholds]),
    )


def comparable(counts: Codes) -> list[int]:
    """Thresholds such that every condition has ratings between each of them and the next, and at the ends."""
    kept, columns = list(range(counts.shape[1] - 1)), list(counts.T)
    while kept and (empty := [at for at, one in enumerate(columns) if np.any(one == 0)]):
        below = max(empty[0] - 1, 0)  # with the category below; the lowest with the one above
        columns[below : below + 2] = [columns[below] + columns[below + 1]]
        del kept[below]
    return kept


def taken_together(rated: Rated, kept: Sequence[int]) -> Rated:
    """The ratings between two thresholds as one category: a cumulative model keeps its meaning.

    Source: McCullagh 1980, JRSS B 42(2), section 5.
    """
    return Rated(
        categories=np.searchsorted(np.asarray(kept), rated.categories).astype(np.intp),
        groups=rated.groups,
        factors=rated.factors,
        conditions=rated.conditions,
        cuts=tuple(rated.cuts[number] for number in kept),
    )


def tested(
    rows: pd.DataFrame, rated: Rated, model: CumulativeModel
) -> tuple[NominalModel, LikelihoodRatio] | Undefined:
    null = proportional(rows, rated, model)
    if isinstance(null, Undefined):
        return null
    start = null.thresholds - np.concatenate([[0.0], null.slopes])[:, None]
    full = nominal_model(rated, start, null.deviations)
    if isinstance(full, Undefined):
        return full
    chi2 = max(0.0, 2 * (full.loglik - null.loglik))
    df = (len(rated.conditions) - 1) * (len(rated.cuts) - 1)
    return full, LikelihoodRatio(n=full.n, chi2=chi2, df=df, p=float(stats.chi2.sf(chi2, df)))


@dataclass(frozen=True, kw_only=True)
class Proportional:
    """The model with one difference for all thresholds, of the categories that are compared."""

    thresholds: Vector
    slopes: Vector
    deviations: Vector
    loglik: float


def proportional(rows: pd.DataFrame, rated: Rated, model: CumulativeModel) -> Proportional | Undefined:
    """`model` itself if it has the same thresholds; else fitted to what is taken together, from there."""
    known = {one.term: one.estimate for one in model.coefficients}
    thresholds = np.array([known[cut] for cut in rated.cuts])
    slopes = np.array([known[condition] for condition in rated.conditions[1:]])
    deviations = np.array([model.deviations[name] for name in rated.factors.names])
    loglik = model.loglik
    if len(rated.cuts) < model.thresholds:
        data = Ordinal(
            categories=rated.categories,
            count=len(rated.cuts) + 1,
            matrix=design(rows, with_intercept=False).matrix,
            factors=rated.factors,
        )
        found = fit(data, np.concatenate([thresholds, slopes, deviations]))
        if isinstance(found, Undefined):
            return found
        thresholds, slopes, deviations = data.split(found.parameters)
        loglik = found.loglik
    return Proportional(thresholds=thresholds, slopes=slopes, deviations=deviations, loglik=loglik)


def too_few(rated: Rated) -> Undefined:
    if len(rated.cuts) < LEAST:
        return Undefined("With only two different ratings there is one threshold, so odds are proportional.")
    return Undefined(
        f"Whether odds are proportional cannot be tested because {nobody_gave(rated.counts, rated)}: fewer "
        "than two thresholds can be compared in all conditions."
    )


def unbounded(rated: Rated) -> str:
    """Of thresholds below or above all of a condition's ratings; one between two ratings has a bound."""
    given = rated.counts > 0
    from_below = np.logical_or.accumulate(given, axis=1)
    from_above = np.logical_or.accumulate(given[:, ::-1], axis=1)[:, ::-1]
    within = (from_below & from_above).astype(np.intp)
    if np.all(within):
        return ""
    return (
        f"Because {nobody_gave(within, rated)}, differences from there have no bound at the thresholds "
        "beyond, and no interval."
    )


def nobody_gave(counts: Codes, rated: Rated) -> str:
    """Which ratings which conditions lack: those whose count is 0."""
    ratings = [rated.cuts[0].split("|")[0], *(cut.split("|")[1] for cut in rated.cuts)]
    told = []
    for condition, row in zip(rated.conditions, counts, strict=True):
        lacking = [ratings[number] for number in np.flatnonzero(row == 0)]
        told += [f"{' or '.join(lacking)} in {condition}"] if lacking else []
    return f"nobody gave {', nor '.join(told)}"
