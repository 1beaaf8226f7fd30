"""Crossed and nested random intercepts: which observation belongs to which level, without ever forming Z.

Of H = I + Λ'Z'WZΛ one side is eliminated first: a factor, or one nested in another, whose blocks of H are
diagonal (a person's conditions touch that person alone). What is left, the other side's Schur complement,
is small and dense; the border between them is sparse, as a person rates few texts. Source: Bates et al. 2015,
J. Stat. Softw. 67(1), sections 3 and 5; block elimination: Golub & Van Loan 2013, Matrix Computations, 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product

import numpy as np
import pandas as pd

from app.analysis.statistics.base import Codes, Vector


@dataclass(frozen=True)
class Border:
    """Where the sparse border's entries lie, and to which of them each observation's products belong."""

    rows: Codes  # starts of rows, as in compressed sparse rows
    columns: Codes
    places: Codes


@dataclass(frozen=True)
class Crossed:
    """Which level of each factor an observation belongs to.

    The first `near` factors (one, or a finer one and the coarser one that it is nested in) are eliminated.
    """

    names: tuple[str, ...]
    codes: tuple[Codes, ...]
    sizes: tuple[int, ...]
    near: int = 1

    @property
    def offsets(self) -> list[int]:
        """Where each factor begins in the vector of all random effects."""
        return [sum(self.sizes[:number]) for number in range(len(self.sizes))]

    @property
    def total(self) -> int:
        return sum(self.sizes)

    @property
    def near_total(self) -> int:
        return sum(self.sizes[: self.near])

    @cached_property
    def parents(self) -> Codes:
        """The coarser level of each finer one. Needs two near factors."""
        found = np.zeros(self.sizes[0], np.intp)
        found[self.codes[0]] = self.codes[1]
        return found

    @cached_property
    def border(self) -> Border:
        far = range(self.near, len(self.names))
        width = self.total - self.near_total
        cells = np.concatenate(
            [
                (self.offsets[row] + self.codes[row]) * width
                + (self.offsets[column] - self.near_total + self.codes[column])
                for row, column in product(range(self.near), far)
            ]
        )
        known, places = np.unique(cells, return_inverse=True)
        counts = np.bincount(known // width, minlength=self.near_total)
        return Border(
            np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
            (known % width).astype(np.intp),
            places.astype(np.intp),
        )

    def without(self, name: str) -> "Crossed":
        """In the same order; where no near factor is left, the next one is."""
        kept = [number for number, known in enumerate(self.names) if known != name]
        return Crossed(
            tuple(self.names[k] for k in kept),
            tuple(self.codes[k] for k in kept),
            tuple(self.sizes[k] for k in kept),
            max(1, sum(number < self.near for number in kept)),
        )

    def spread(self, effects: Vector, factor: int) -> Vector:
        """The factor's effect on each observation."""
        return np.asarray(effects[self.offsets[factor] + self.codes[factor]])

    def predict(self, effects: Vector, scales: Vector) -> Vector:
        """ZΛu."""
        parts = [scale * self.spread(effects, number) for number, scale in enumerate(scales)]
        return np.asarray(sum(parts)) if parts else np.zeros(len(effects))

    def collect(self, values: Vector, scales: Vector) -> Vector:
        """Λ'Z'v."""
        sums = [
            scale * np.bincount(codes, values, size)
            for scale, codes, size in zip(scales, self.codes, self.sizes, strict=True)
        ]
        return np.concatenate(sums)


def crossed(frame: pd.DataFrame, factors: Sequence[str]) -> Crossed:
    """The factors in the order that leaves the smallest dense matrix."""
    codes, sizes = {}, {}
    for name in factors:
        found, levels = pd.factorize(frame[name])
        codes[name], sizes[name] = found.astype(np.intp), len(levels)
    sides: list[tuple[str, ...]] = [(name,) for name in factors]
    sides += [
        pair
        for pair in permutations(factors, 2)
        if sizes[pair[0]] > sizes[pair[1]] and is_nested(codes[pair[0]], codes[pair[1]])
    ]
    near = max(sides, key=lambda side: sum(sizes[name] for name in side), default=())
    far = sorted((name for name in factors if name not in near), key=lambda name: -sizes[name])
    names = (*near, *far)
    return Crossed(
        names,
        tuple(codes[name] for name in names),
        tuple(sizes[name] for name in names),
        len(near),
    )


def is_nested(fine: Codes, coarse: Codes) -> bool:
    """Whether all observations of a finer level belong to one coarser level."""
    first = np.zeros(int(fine.max(initial=0)) + 1, np.intp)
    first[fine] = coarse
    return bool(np.all(first[fine] == coarse))
