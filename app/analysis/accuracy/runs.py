"""The runs of an experiment, and the order in which their conditions and sizes are shown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.analysis.statistics.base import Vector
from app.contract.accuracies import MODES, RATIONALES, ResultRow

# The paper compares these four; its MT and CF students on revised explanations are left out.
PAPER_CONDITIONS = ("CF:Unrevised", "MT:Unrevised", "MT+CF:Unrevised", "MT+CF:Revised")
UNITS = {"K": 1e3, "M": 1e6, "B": 1e9}


@dataclass(frozen=True)
class Run:
    """One trained student; `condition` is its method and data, like MT+CF:Revised. Accuracy in percent."""

    number: int
    condition: str
    size: str
    accuracy: float

    @property
    def cell(self) -> tuple[str, str]:
        return self.size, self.condition


def as_runs(rows: Sequence[ResultRow]) -> list[Run]:
    return [Run(row.run, row.condition, row.model_size, row.accuracy * 100) for row in rows]


def cells_of(
    runs: Iterable[Run], conditions: Sequence[str], sizes: Sequence[str]
) -> dict[tuple[str, str], Vector]:
    """The accuracies of each size and condition that has runs."""
    every = list(runs)
    cells = {
        (size, condition): np.array([run.accuracy for run in every if run.cell == (size, condition)])
        for size in sizes
        for condition in conditions
    }
    return {cell: values for cell, values in cells.items() if len(values)}


def at_size(cells: Mapping[tuple[str, str], Vector], size: str) -> dict[str, Vector]:
    return {condition: values for (where, condition), values in cells.items() if where == size}


def order_conditions(runs: Iterable[Run]) -> list[str]:
    """Those there are: unrevised before revised, each from the plainest method to the combined one."""
    data, methods = list(RATIONALES.values()), list(MODES.values())

    def place(condition: str) -> tuple[int, int, str]:
        method, _, explanations = condition.partition(":")
        return index(data, explanations), index(methods, method), condition

    return sorted({run.condition for run in runs}, key=place)


def order_sizes(runs: Iterable[Run]) -> list[str]:
    """Smallest first; names that are no numbers of parameters come last."""

    def parameters(size: str) -> tuple[float, str]:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMB])", size, re.IGNORECASE)
        return (float(found[1]) * UNITS[found[2].upper()] if found else float("inf")), size

    return sorted({run.size for run in runs}, key=parameters)


def index(known: list[str], value: str) -> int:
    return known.index(value) if value in known else len(known)
