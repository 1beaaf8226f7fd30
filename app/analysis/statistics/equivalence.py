"""Equivalence: whether two conditions differ by less than what was called the smallest effect of interest."""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from app.analysis.statistics.base import holm
from app.analysis.statistics.contrasts import Contrast


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Of the second condition less the first, with a 90 % interval; `p_holm` is over the pairs of one model.

    `p_lower` is against a difference of -bound or less, `p_upper` of bound or more; `p_tost` is the larger.
    """

    group1: str
    group2: str
    bound: float
    estimate: float
    low90: float
    high90: float
    p_lower: float
    p_upper: float
    p_tost: float
    p_holm: float


def equivalence(found: Sequence[Contrast], bound: float) -> list[Equivalence]:
    """Two one-sided tests of each pair: it lies within ±bound if its 90 % interval does.

    Sources: Schuirmann 1987, J. Pharmacokinet. Biopharm. 15(6), 657-680; Lakens 2017, Soc. Psychol. Personal.
    Sci. 8(4), 355-362.
    """
    sides = [one_sided(one, bound) for one in found]
    adjusted = holm([max(lower, upper) for lower, upper in sides])
    return [
        Equivalence(
            group1=one.group1,
            group2=one.group2,
            bound=bound,
            estimate=one.estimate,
            low90=one.estimate - reach(one),
            high90=one.estimate + reach(one),
            p_lower=lower,
            p_upper=upper,
            p_tost=max(lower, upper),
            p_holm=p,
        )
        for one, (lower, upper), p in zip(found, sides, adjusted, strict=True)
    ]


def one_sided(one: Contrast, bound: float) -> tuple[float, float]:
    return beyond(one, (one.estimate + bound) / one.se), beyond(one, (bound - one.estimate) / one.se)


def beyond(one: Contrast, statistic: float) -> float:
    """By Student's distribution where the pair has degrees of freedom, else by the normal."""
    return float(stats.norm.sf(statistic) if one.df is None else stats.t.sf(statistic, one.df))


def reach(one: Contrast) -> float:
    """Half of the interval's length."""
    return one.se * float(stats.norm.ppf(0.95) if one.df is None else stats.t.ppf(0.95, one.df))
