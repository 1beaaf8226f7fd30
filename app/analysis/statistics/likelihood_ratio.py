"""The likelihood-ratio test of nested models, linear or cumulative."""

from dataclasses import dataclass
from typing import Protocol

from scipy import stats

from app.analysis.statistics.base import Undefined
from app.analysis.statistics.linear import Coefficient


@dataclass(frozen=True, kw_only=True)
class LikelihoodRatio:
    n: int
    chi2: float
    df: int
    p: float


class Fitted(Protocol):
    @property
    def n(self) -> int: ...
    @property
    def loglik(self) -> float: ...
    @property
    def coefficients(self) -> tuple[Coefficient, ...]: ...


def likelihood_ratio(full: Fitted, null: Fitted) -> LikelihoodRatio | Undefined:
    """Between two fits by maximum likelihood, the second within the first.

    Source: Wilks 1938, Ann. Math. Stat. 9(1).
    """
    df = len(full.coefficients) - len(null.coefficients)
    if df <= 0:
        return Undefined("The one model has no coefficient more than the other, so there is nothing to test.")
    chi2 = max(0.0, 2 * (full.loglik - null.loglik))
    return LikelihoodRatio(n=full.n, chi2=chi2, df=df, p=float(stats.chi2.sf(chi2, df)))
