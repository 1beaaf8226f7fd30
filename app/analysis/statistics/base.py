"""What every statistic shares: groups of ratings, and the sentence that stands where a number cannot."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
ALPHA = 0.05  # a p below is called significant


@dataclass(frozen=True)
class Undefined:
    """Why a figure does not exist for these data, as a sentence for the reader of a report."""

    reason: str


def outcome_rows(frame: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """The rows in which the outcome was given, with the conditions that are left."""
    rows = frame[frame[outcome].notna()]
    return rows.assign(condition=rows["condition"].cat.remove_unused_categories())


def conditions_of(frame: pd.DataFrame) -> list[str]:
    return [str(label) for label in frame["condition"].cat.categories]


def values_of(frame: pd.DataFrame, outcome: str) -> Vector:
    return np.asarray(frame[outcome], dtype=np.float64)


def groups(frame: pd.DataFrame, outcome: str) -> dict[str, Vector]:
    """The outcome's values of each condition that has any, in the study's order."""
    rows = outcome_rows(frame, outcome)
    codes = np.asarray(rows["condition"].cat.codes)
    values = values_of(rows, outcome)
    return {label: values[codes == number] for number, label in enumerate(conditions_of(rows))}


def pairs(labels: list[str]) -> list[tuple[str, str]]:
    return list(combinations(labels, 2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Source: Holm 1979, Scandinavian Journal of Statistics 6, 65-70."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    found, largest = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, (len(p_values) - rank) * float(p_values[place]))
        found[place] = min(1.0, largest)
    return found


def bonferroni(p_values: Sequence[float]) -> list[float]:
    return [min(1.0, len(p_values) * float(p)) for p in p_values]


def in_families(p_values: Mapping[str, float | None], primary: Collection[str] = ()) -> dict[str, float]:
    """Holm's correction among the primary outcomes and among the others, of those with a p-value.

    None is an outcome that could not be tested. It stays in its family, as if its p-value were 1: a family
    that shrank by what failed would not be the one that was declared.
    """
    found: dict[str, float] = {}
    for is_primary in (True, False):
        family = [name for name in p_values if (name in primary) is is_primary]
        adjusted = holm([1.0 if (p := p_values[name]) is None else p for name in family])
        found |= {name: p for name, p in zip(family, adjusted, strict=True) if p_values[name] is not None}
    return {name: found[name] for name in p_values if name in found}


def too_few_groups(found: Collection[Vector]) -> Undefined | None:
    """Why these groups cannot be compared, or None."""
    if len(found) < 2:  # noqa: PLR2004  # two groups are what a comparison is
        return Undefined("There are values in fewer than two conditions, so there is nothing to compare.")
    if all(len(values) < 2 for values in found):  # noqa: PLR2004  # one value has no spread
        return Undefined("No condition has two values, so nothing can be said of their spread.")
    return None


def is_constant(values: Vector) -> bool:
    return len(values) == 0 or bool(np.all(values == values[0]))
