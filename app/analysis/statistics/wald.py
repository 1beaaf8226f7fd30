"""What an estimate and its standard error say: a test that it is zero, and a 95 % interval."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from app.analysis.statistics.base import Matrix, Vector
from app.analysis.statistics.effects import Z95
from app.analysis.statistics.linear import Coefficient
from app.analysis.statistics.satterthwaite import Freedom


def wald(
    names: Sequence[str], estimates: Vector, covariance: Matrix, freedom: Freedom | None = None
) -> tuple[Coefficient, ...]:
    """Each estimate alone; by the normal distribution, or by Student's where degrees of freedom are known."""
    return tuple(
        weighted(weights, estimates, covariance, freedom, name)
        for name, weights in zip(names, np.eye(len(names)), strict=True)
    )


def weighted(
    weights: Vector, estimates: Vector, covariance: Matrix, freedom: Freedom | None = None, name: str = ""
) -> Coefficient:
    """A weighted sum of the estimates."""
    estimate, se = float(weights @ estimates), float(np.sqrt(weights @ covariance @ weights))
    statistic = estimate / se
    df = None if freedom is None else freedom.of(weights, covariance)
    p = 2 * (stats.norm.sf(abs(statistic)) if df is None else stats.t.sf(abs(statistic), df))
    reach = se * (Z95 if df is None else float(stats.t.ppf(0.975, df)))
    return Coefficient(
        term=name,
        estimate=estimate,
        se=se,
        statistic=statistic,
        p=float(p),
        low=estimate - reach,
        high=estimate + reach,
        df=df,
    )
