"""The published study's linear model. It takes ratings as independent; mixed.py has the one that does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS

from app.analysis.statistics.base import Undefined, Vector, is_constant, outcome_rows, values_of
from app.analysis.statistics.design import design


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """`statistic` is z, or t (a mixed model's with its `df`); the limits are of a 95 % interval."""

    term: str
    estimate: float
    se: float
    statistic: float
    p: float
    low: float
    high: float
    df: float | None = None


@dataclass(frozen=True, kw_only=True)
class LinearModel:
    """`aic` and `bic` count the residual variance as a parameter, as R does."""

    n: int
    coefficients: tuple[Coefficient, ...]
    dropped: tuple[str, ...]
    r2: float
    adj_r2: float
    F: float
    df1: int
    df2: int
    p: float
    sigma: float
    loglik: float
    aic: float
    bic: float


def linear_model(
    frame: pd.DataFrame, outcome: str, covariates: Sequence[str] = (), controls: Sequence[str] = ()
) -> LinearModel | Undefined:
    """Ordinary least squares: outcome ~ condition + covariates + controls. Source: Legendre 1805; R's lm."""
    rows = outcome_rows(frame.dropna(subset=[outcome, *covariates]), outcome)
    values = values_of(rows, outcome)
    if is_constant(values):
        return Undefined("All ratings are the same (or there are none), so there is nothing to model.")
    found = design(rows, covariates, controls)
    n, count = found.matrix.shape
    if n <= count or count == 1:
        return Undefined(f"A linear model of {count} coefficients cannot be fitted to {n} ratings.")
    fit = OLS(values, found.matrix).fit()
    if fit.ssr <= 1e-20 * np.sum((values - values.mean()) ** 2):
        return Undefined("The model fits the ratings without any error, so it has no standard errors.")
    columns = (fit.params, fit.bse, fit.tvalues, fit.pvalues, *np.transpose(fit.conf_int()))
    loglik = float(fit.llf)
    return LinearModel(
        n=n,
        coefficients=tuple(coefficients(found.names, columns)),
        dropped=found.dropped,
        r2=float(fit.rsquared),
        adj_r2=float(fit.rsquared_adj),
        F=float(fit.fvalue),
        df1=int(fit.df_model),
        df2=int(fit.df_resid),
        p=float(fit.f_pvalue),
        sigma=float(np.sqrt(fit.mse_resid)),
        loglik=loglik,
        aic=-2 * loglik + 2 * (count + 1),
        bic=-2 * loglik + float(np.log(n)) * (count + 1),
    )


def coefficients(names: Sequence[str], columns: Sequence[Vector]) -> Iterator[Coefficient]:
    for name, *figures in zip(names, *columns, strict=True):
        estimate, se, statistic, p, low, high = map(float, figures)
        yield Coefficient(term=name, estimate=estimate, se=se, statistic=statistic, p=p, low=low, high=high)
