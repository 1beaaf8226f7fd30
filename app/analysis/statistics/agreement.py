"""Agreement and reliability: Krippendorff's α and intraclass correlations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from app.analysis.statistics.base import Matrix, Undefined, Vector, is_constant, outcome_rows, values_of
from app.analysis.statistics.mixed import mixed_model

Level = Literal["nominal", "ordinal", "interval"]
DRAWS = 1_000


@dataclass(frozen=True, kw_only=True)
class Alpha:
    """`n` ratings of units that have at least two; the 95 % interval is a bootstrap over units."""

    n: int
    units: int
    alpha: float
    low: float | None
    high: float | None


def alpha(
    frame: pd.DataFrame, outcome: str, unit: Sequence[str], level: Level, seed: int = 1
) -> Alpha | Undefined:
    """Krippendorff's α of the ratings of one unit, whoever gave them; units with one rating say nothing.

    Source: Krippendorff 2019, Content Analysis, 4th ed., ch. 12. Interval: percentiles of α in 1,000 samples
    of units with replacement (Zapf et al. 2016, BMC Med. Res. Methodol. 16:93).
    """
    rows = outcome_rows(frame, outcome)
    if rows.empty:
        return Undefined("There are no ratings.")
    levels, codes = np.unique(values_of(rows, outcome), return_inverse=True)
    units = np.asarray(rows.groupby(list(unit), observed=True, sort=False).ngroup())
    counts = np.zeros((int(units.max()) + 1, len(levels)))
    np.add.at(counts, (units, codes), 1)
    counts = counts[counts.sum(axis=1) > 1]
    if not len(counts):
        return Undefined(
            f"Every {' × '.join(unit)} was rated exactly once, so agreement on it cannot be computed."
        )
    if np.count_nonzero(counts.sum(axis=0)) < 2:  # noqa: PLR2004  # no variation
        return Undefined("All ratings that could agree are the same, so α does not exist.")
    per_unit = coincidences(counts)
    estimate = alpha_of(per_unit.sum(axis=0), levels, level)
    assert estimate is not None  # noqa: S101  # two levels are there, so something varies
    low, high = alpha_interval(per_unit, levels, level, seed)
    return Alpha(n=int(counts.sum()), units=len(counts), alpha=estimate, low=low, high=high)


def coincidences(counts: Matrix) -> NDArray[np.float64]:
    """Units × levels counted → units × levels × levels: each unit's pairs of ratings by different raters.

    A unit of m ratings has its pairs counted 1 / (m - 1), so that each rating weighs the same.
    """
    pairs = counts[:, :, None] * counts[:, None, :]
    own = np.einsum("ij,jk->ijk", counts, np.eye(counts.shape[1]))
    return np.asarray((pairs - own) / (counts.sum(axis=1)[:, None, None] - 1))


def alpha_interval(
    per_unit: NDArray[np.float64], levels: Vector, level: Level, seed: int
) -> tuple[float | None, float | None]:
    units = len(per_unit)
    if units < 3:  # noqa: PLR2004  # resampling two units gives three values
        return None, None
    chance = np.random.default_rng(seed)
    weights = chance.multinomial(units, np.full(units, 1 / units), DRAWS)
    tables = np.tensordot(weights.astype(np.float64), per_unit, axes=1)
    found = [alpha_of(table, levels, level) for table in tables]
    known = [one for one in found if one is not None]
    if len(known) < DRAWS / 2:
        return None, None
    low, high = (float(q) for q in np.quantile(known, [0.025, 0.975]))
    return low, high


def alpha_of(table: Matrix, levels: Vector, level: Level) -> float | None:
    """α from a coincidence matrix; None where nothing varies."""
    totals = table.sum(axis=1)
    distances = distance(totals, levels, level)
    expected = float(totals @ distances @ totals) / (float(totals.sum()) - 1)
    return 1 - float(np.sum(table * distances)) / expected if expected > 0 else None


def distance(totals: Vector, levels: Vector, level: Level) -> Matrix:
    if level == "nominal":
        return 1 - np.eye(len(levels))
    if level == "interval":
        return np.asarray((levels[:, None] - levels[None, :]) ** 2)
    # Ordinal: the ratings between two categories, the two themselves counted half.
    middle = np.cumsum(totals) - totals / 2
    return np.asarray((middle[:, None] - middle[None, :]) ** 2)


@dataclass(frozen=True, kw_only=True)
class OneWayIcc:
    """ICC(1) for groups of unequal size (`n0` is a kind of mean size), from an analysis of variance."""

    n: int
    icc1: float
    n0: float
    msb: float
    msw: float
    F: float
    df1: int
    df2: int
    p: float


def one_way_icc(frame: pd.DataFrame, outcome: str, unit: str) -> OneWayIcc | Undefined:
    """How alike ratings of one unit are. Sources: Shrout & Fleiss 1979, Psychol. Bull. 86(2); Donner 1986."""
    rows = outcome_rows(frame, outcome)
    values = values_of(rows, outcome)
    codes, levels = pd.factorize(rows[unit])
    n, count = len(values), len(levels)
    if count < 2 or n == count or is_constant(values):  # noqa: PLR2004  # two groups
        return Undefined(
            f"ICC(1) of a {unit} cannot be computed: it needs two {unit}s, one of them rated twice, and "
            "ratings that differ."
        )
    sizes = np.bincount(codes)
    means = np.bincount(codes, values) / sizes
    within = float(np.sum((values - means[codes]) ** 2)) / (n - count)
    between = float(np.sum(sizes * (means - values.mean()) ** 2)) / (count - 1)
    if within == 0:
        return Undefined(f"All ratings of one {unit} are the same, so ICC(1) has no error to compare with.")
    n0 = (n - float(np.sum(sizes**2)) / n) / (count - 1)
    ratio = between / within
    icc = (between - within) / (between + (n0 - 1) * within)
    p = float(stats.f.sf(ratio, count - 1, n - count))
    return OneWayIcc(
        n=n, icc1=icc, n0=n0, msb=between, msw=within, F=ratio, df1=count - 1, df2=n - count, p=p
    )


@dataclass(frozen=True, kw_only=True)
class ComponentIcc:
    """Shares of variance from a mixed model without fixed effects: of items and of raters."""

    n: int
    var_rater: float
    var_item: float
    var_residual: float
    icc_item_agreement: float
    icc_item_consistency: float
    icc_rater: float


def component_icc(
    frame: pd.DataFrame, outcome: str, rater: str = "participant", item: str = "question"
) -> ComponentIcc | Undefined:
    """Agreement counts raters' levels as error, consistency does not.

    Source: McGraw & Wong 1996, Psychological Methods 1(1), 30-46.
    """
    model = mixed_model(frame, outcome, [rater, item], with_condition=False)
    if isinstance(model, Undefined):
        return model
    raters, items, rest = (model.variances[name] for name in (rater, item, "residual"))
    total = raters + items + rest
    return ComponentIcc(
        n=model.n,
        var_rater=raters,
        var_item=items,
        var_residual=rest,
        icc_item_agreement=items / total,
        icc_item_consistency=items / (items + rest),
        icc_rater=raters / total,
    )
