"""Agreement and reliability: Krippendorff's α and intraclass correlations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from app.analysis.statistics.base import (
    Codes,
    Matrix,
    Undefined,
    Vector,
    is_constant,
    outcome_rows,
    values_of,
)
from app.analysis.statistics.mixed import mixed_model

Level = Literal["nominal", "ordinal", "interval"]
FEWEST = 3  # of texts and of raters: an interval from two has no use
AT_ONCE = 2_000  # cells whose tables are in memory at a time


@dataclass(frozen=True, kw_only=True)
class Alpha:
    """`n` ratings of units that have at least two; the 95 % interval knows that raters vary, and units."""

    n: int
    units: int
    raters: int
    alpha: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Pairable:
    """Of units with two ratings or more: how often each level was given, by unit, and by unit and rater."""

    levels: Vector
    counts: Matrix  # units × levels
    cells: Matrix  # cells × levels
    unit: Codes  # of each cell
    rater: Codes


def alpha(
    frame: pd.DataFrame, outcome: str, unit: Sequence[str], level: Level, rater: str = "participant"
) -> Alpha | Undefined:
    """Krippendorff's α of the ratings of one unit, whoever gave them; units with one rating say nothing.

    Source: Krippendorff 2019, Content Analysis, 4th ed., ch. 12; the interval's is at `alpha_interval`.
    """
    rows = outcome_rows(frame, outcome)
    if rows.empty:
        return Undefined("There are no ratings.")
    data = pairable(rows, outcome, unit, rater)
    if not len(data.counts):
        return Undefined(
            f"Every {' × '.join(unit)} was rated exactly once, so agreement on it cannot be computed."
        )
    if np.count_nonzero(data.counts.sum(axis=0)) < 2:  # noqa: PLR2004  # no variation
        return Undefined("All ratings that could agree are the same, so α does not exist.")
    tables = coincidences(data.counts)
    estimate = float(alphas(tables.sum(axis=0)[None], data.levels, level)[0])
    low, high = alpha_interval(data, tables, level)
    return Alpha(
        n=int(data.counts.sum()),
        units=len(data.counts),
        raters=int(data.rater.max()) + 1,
        alpha=estimate,
        low=low,
        high=high,
    )


def pairable(rows: pd.DataFrame, outcome: str, unit: Sequence[str], rater: str) -> Pairable:
    units = rows.groupby(list(unit), observed=True, sort=False)
    kept = rows[units[outcome].transform("size") > 1]
    levels, codes = np.unique(values_of(kept, outcome), return_inverse=True)
    of_unit = np.asarray(kept.groupby(list(unit), observed=True, sort=False).ngroup(), dtype=np.intp)
    of_rater = pd.factorize(kept[rater])[0]
    width = int(of_rater.max(initial=-1)) + 1
    places, cell = np.unique(of_unit * width + of_rater, return_inverse=True)
    counts = np.zeros((int(of_unit.max(initial=-1)) + 1, len(levels)))
    cells = np.zeros((len(places), len(levels)))
    np.add.at(counts, (of_unit, codes), 1)
    np.add.at(cells, (cell, codes), 1)
    width = max(width, 1)
    return Pairable(levels=levels, counts=counts, cells=cells, unit=places // width, rater=places % width)


def coincidences(counts: Matrix) -> NDArray[np.float64]:
    """Units × levels counted → units × levels × levels: each unit's pairs of ratings by different raters.

    A unit of m ratings has its pairs counted 1 / (m - 1), so that each rating weighs the same; one rating
    has no pair.
    """
    pairs = counts[:, :, None] * counts[:, None, :]
    own = np.einsum("ij,jk->ijk", counts, np.eye(counts.shape[1]))
    return np.asarray((pairs - own) / np.maximum(1, counts.sum(axis=1)[:, None, None] - 1))


def alpha_interval(
    data: Pairable, tables: NDArray[np.float64], level: Level
) -> tuple[float | None, float | None]:
    """Symmetric in Fisher's z, with a variance by leaving out one unit, one rater, one cell at a time.

    Units and raters are both samples, so the variance is that of units, plus that of raters less that of
    cells, which is in both. Sources: Fisher 1925, Statistical Methods for Research Workers, sec. 39 (z of an
    intraclass correlation); Cameron, Gelbach & Miller 2011, J. Bus. Econ. Stat. 29(2), 238-249 (two ways of
    clustering); Efron & Stein 1981, Ann. Stat. 9(3) (jackknife); Satterthwaite 1946 (degrees of freedom).
    None where α is 1, or is 1 without some unit or rater: then nothing says how it varies.
    """
    raters, size = int(data.rater.max()) + 1, float(data.counts.sum(axis=1).mean())
    if min(len(data.counts), raters) < FEWEST:
        return None, None
    whole, by_rater = tables.sum(axis=0), np.zeros((raters, *tables.shape[1:]))
    without_cell = []
    for start in range(0, len(data.cells), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        unit = data.unit[some]
        changes = coincidences(data.counts[unit] - data.cells[some]) - tables[unit]
        np.add.at(by_rater, data.rater[some], changes)
        without_cell.append(alphas(whole + changes, data.levels, level))
    lefts = (whole - tables, whole + by_rater, whole[None])
    found = [*(alphas(left, data.levels, level) for left in lefts), np.concatenate(without_cell)]
    units, persons, here, cells = (fisher_z(one, size) for one in found)
    if not all(np.all(np.isfinite(one)) for one in (units, persons, here, cells)):
        return None, None
    of_units = jackknifed(units)
    of_raters = max(0.0, jackknifed(persons) - jackknifed(cells))
    variance = of_units + of_raters
    if variance == 0:
        return None, None
    df = variance**2 / (of_units**2 / (len(data.counts) - 1) + of_raters**2 / (raters - 1))
    reach = float(stats.t.ppf(0.975, df) * np.sqrt(variance))
    low, high = (np.exp(2 * (here + sign * reach)) for sign in (-1, 1))
    return float(((low - 1) / (low + size - 1))[0]), float(((high - 1) / (high + size - 1))[0])


def fisher_z(found: Vector, size: float) -> Vector:
    """Of agreement among `size` raters; infinite at 1, not a number below what it can be."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.log((1 + (size - 1) * found) / (1 - found)) / 2)


def jackknifed(without: Vector) -> float:
    """The variance of a figure, from its values without one after another."""
    count = len(without)
    return float((count - 1) / count * np.sum((without - without.mean()) ** 2))


def alphas(tables: NDArray[np.float64], levels: Vector, level: Level) -> Vector:
    """α of each coincidence matrix; not a number where nothing varies."""
    totals = tables.sum(axis=2)
    distances = distance(totals, levels, level)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.einsum("ij,ijk,ik->i", totals, np.broadcast_to(distances, tables.shape), totals) / (
            totals.sum(axis=1) - 1
        )
        observed = np.sum(tables * distances, axis=(1, 2))
        return np.asarray(np.where(expected > 0, 1 - observed / expected, np.nan))


def distance(totals: Matrix, levels: Vector, level: Level) -> NDArray[np.float64]:
    """Between each two levels; of ordinal ratings it depends on how often each was given."""
    if level == "nominal":
        return 1 - np.eye(len(levels))[None]
    if level == "interval":
        return np.asarray((levels[:, None] - levels[None, :]) ** 2)[None]
    # Ordinal: the ratings between two categories, the two themselves counted half.
    middle = np.cumsum(totals, axis=1) - totals / 2
    return np.asarray((middle[:, :, None] - middle[:, None, :]) ** 2)


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
