"""Crossed random intercepts: the linear algebra of H = I + Λ'Z'WZΛ without ever forming Z.

The factor with the most levels has a diagonal block, which is eliminated; what is left (its Schur complement)
is small and dense. Source: Bates et al. 2015, J. Stat. Softw. 67(1), sections 3 and 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import linalg

from app.analysis.statistics.base import Codes, Matrix, Vector


@dataclass(frozen=True)
class Crossed:
    """Which level of each factor an observation belongs to; the factor with the most levels is first."""

    names: tuple[str, ...]
    codes: tuple[Codes, ...]
    sizes: tuple[int, ...]

    @property
    def offsets(self) -> list[int]:
        """Where each factor begins in the vector of all random effects."""
        return [sum(self.sizes[:number]) for number in range(len(self.sizes))]

    @property
    def total(self) -> int:
        return sum(self.sizes)

    def without(self, name: str) -> "Crossed":
        kept = [number for number, known in enumerate(self.names) if known != name]
        return Crossed(
            tuple(self.names[k] for k in kept),
            tuple(self.codes[k] for k in kept),
            tuple(self.sizes[k] for k in kept),
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
    found = []
    for name in factors:
        codes, levels = pd.factorize(frame[name])
        found.append((len(levels), name, codes.astype(np.intp)))
    found.sort(key=lambda one: -one[0])
    return Crossed(
        tuple(name for _, name, _ in found),
        tuple(codes for _, _, codes in found),
        tuple(size for size, _, _ in found),
    )


class Factorised:
    """H for given scales (standard deviations) and weights. Needs at least one factor."""

    def __init__(self, factors: Crossed, scales: Vector, weights: Vector) -> None:
        self.factors, self.scales = factors, scales
        first, rest = factors.codes[0], factors.codes[1:]
        self.split = factors.sizes[0]
        width = factors.total - self.split
        self.starts = [offset - self.split for offset in factors.offsets[1:]]
        self.diagonal = 1 + scales[0] ** 2 * np.bincount(first, weights, self.split)
        border = np.zeros((self.split, width))
        block = np.eye(width)
        for number, (codes, start, size) in enumerate(
            zip(rest, self.starts, factors.sizes[1:], strict=True), 1
        ):
            columns = slice(start, start + size)
            border[:, columns] = scales[0] * scales[number] * table(first, codes, weights, self.split, size)
            for other in range(1, number + 1):
                begin, height = self.starts[other - 1], factors.sizes[other]
                counts = table(factors.codes[other], codes, weights, height, size)
                part = scales[other] * scales[number] * counts
                block[begin : begin + height, columns] += part
                if other != number:
                    block[columns, begin : begin + height] += part.T
        self.reduced = border / self.diagonal[:, None]
        self.root = linalg.cholesky(block - border.T @ self.reduced, lower=True) if width else block

    @property
    def log_determinant(self) -> float:
        return float(np.log(self.diagonal).sum() + 2 * np.log(np.diag(self.root)).sum())

    def solve(self, right: Matrix) -> Matrix:
        """H⁻¹ times a vector or the columns of a matrix."""
        top, bottom = right[: self.split], right[self.split :]
        scaled = top / (self.diagonal if right.ndim == 1 else self.diagonal[:, None])
        if not self.root.size:
            return np.asarray(scaled)
        low = linalg.cho_solve((self.root, True), bottom - self.reduced.T @ top)
        return np.concatenate([scaled - self.reduced @ low, low])

    @cached_property
    def inverse(self) -> Matrix:
        """The small block of H⁻¹."""
        width = len(self.root)
        return np.asarray(linalg.cho_solve((self.root, True), np.eye(width))) if width else self.root

    @cached_property
    def reaches(self) -> list[Vector]:
        """For each factor and observation i the element of H⁻¹Λ'z_i at i's own level."""
        first, scale = self.factors.codes[0], self.scales[0]
        side = self.reduced @ self.inverse
        own = 1 / self.diagonal + np.einsum("ij,ij->i", side, self.reduced)
        places = [start + codes for start, codes in zip(self.starts, self.factors.codes[1:], strict=True)]
        top = scale * own[first]
        for factor, place in enumerate(places, 1):
            top = top - self.scales[factor] * side[first, place]
        found = [top]
        for place in places:
            here = -scale * side[first, place]
            for factor, other in enumerate(places, 1):
                here = here + self.scales[factor] * self.inverse[place, other]
            found.append(here)
        return found

    @property
    def leverages(self) -> Vector:
        """z_i'ΛH⁻¹Λ'z_i for each observation."""
        return np.asarray(sum(s * reach for s, reach in zip(self.scales, self.reaches, strict=True)))


def table(rows: Codes, columns: Codes, weights: Vector, height: int, width: int) -> Matrix:
    """The weights summed by row and column level."""
    cells = rows * width + columns
    return np.asarray(np.bincount(cells, weights, height * width), np.float64).reshape(height, width)
