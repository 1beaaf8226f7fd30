"""Crossed and nested random intercepts: the linear algebra of H = I + Λ'Z'WZΛ without ever forming Z.

One side is eliminated first: a factor, or one nested in another, whose blocks of H are diagonal (a person's
conditions touch that person alone). What is left, the Schur complement of the other side, is small and dense;
the border between them is sparse, as a person rates few texts. Source: Bates et al. 2015, J. Stat. Softw.
67(1), sections 3 and 5; block elimination: Golub & Van Loan 2013, Matrix Computations, 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations, product

import numpy as np
import pandas as pd
from scipy import linalg, sparse

from app.analysis.statistics.base import Codes, Matrix, Vector


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


class Factorised:
    """H for given scales (standard deviations) and weights. Needs at least one factor.

    The near block is L D L', with L⁻¹ = [[I, 0], [-N, I]] for a pair (N: a finer level's share in its parent)
    and I for a single factor.
    """

    def __init__(self, factors: Crossed, scales: Vector, weights: Vector) -> None:
        self.factors, self.scales = factors, scales
        self.split, self.fine = factors.near_total, factors.sizes[0]
        self.starts = [offset - self.split for offset in factors.offsets[factors.near :]]
        sums = np.bincount(factors.codes[0], weights, self.fine)
        self.diagonal = 1 + scales[0] ** 2 * sums
        self.shares = np.zeros(0)
        if factors.near > 1:
            links = scales[0] * scales[1] * sums
            self.shares = links / self.diagonal
            size = factors.sizes[1]
            own = 1 + scales[1] ** 2 * np.bincount(factors.codes[1], weights, size)
            self.diagonal = np.concatenate(
                [self.diagonal, own - np.bincount(factors.parents, links * self.shares, size)]
            )
        self.root = np.eye(0)
        if factors.total > self.split:
            self.border = self.down(self.bordering(weights))
            self.reduced = sparse.diags_array(1 / self.diagonal) @ self.border
            block = self.far_block(weights) - (self.border.T @ self.reduced).toarray()
            self.root = linalg.cholesky(block, lower=True)

    def bordering(self, weights: Vector) -> sparse.csr_array:
        """The near side's rows of H in the far side's columns."""
        factors, border = self.factors, self.factors.border
        scales = product(self.scales[: factors.near], self.scales[factors.near :])
        values = np.concatenate([row * column * weights for row, column in scales])
        data = np.bincount(border.places, values, len(border.columns))
        shape = (self.split, factors.total - self.split)
        return sparse.csr_array((data, border.columns, border.rows), shape=shape)

    def far_block(self, weights: Vector) -> Matrix:
        """The far side's block of H: diagonal within a factor, a table of weights between two."""
        factors = self.factors
        width = factors.total - self.split
        block = np.eye(width)
        blocks = list(zip(range(factors.near, len(factors.names)), self.starts, strict=True))
        for f, start in blocks:
            size, scale = factors.sizes[f], self.scales[f]
            levels = np.arange(start, start + size)
            block[levels, levels] += scale**2 * np.bincount(factors.codes[f], weights, size)
        for (f, start), (g, other) in combinations(blocks, 2):
            cells = factors.codes[f] * factors.sizes[g] + factors.codes[g]
            shape = factors.sizes[f], factors.sizes[g]
            part = np.bincount(cells, weights, shape[0] * shape[1]).reshape(shape)
            part = self.scales[f] * self.scales[g] * part
            block[start : start + shape[0], other : other + shape[1]] = part
            block[other : other + shape[1], start : start + shape[0]] = part.T
        return block

    def down(self, rows: sparse.csr_array) -> sparse.csr_array:
        """L⁻¹ times the near side's rows."""
        return sparse.csr_array(self.inner @ rows) if len(self.shares) else rows

    @cached_property
    def inner(self) -> sparse.csr_array:
        """L⁻¹ of a near pair."""
        ones = np.ones(self.split)
        fine = np.arange(self.fine)
        rows = np.concatenate([np.arange(self.split), self.fine + self.factors.parents])
        columns = np.concatenate([np.arange(self.split), fine])
        data = np.concatenate([ones, -self.shares])
        return sparse.csr_array((data, (rows, columns)), shape=(self.split, self.split))

    @property
    def log_determinant(self) -> float:
        return float(np.log(self.diagonal).sum() + 2 * np.log(np.diag(self.root)).sum())

    def solve(self, right: Matrix) -> Matrix:
        """H⁻¹ times a vector or the columns of a matrix."""
        top, low = right[: self.split], right[self.split :]
        if len(self.shares):
            top = self.inner @ top
        if self.root.size:
            low = linalg.cho_solve((self.root, True), low - self.reduced.T @ top)
            top = top - self.border @ low
        top = top / (self.diagonal if right.ndim == 1 else self.diagonal[:, None])
        if len(self.shares):
            top = self.inner.T @ top
        return np.concatenate([top, low])

    @cached_property
    def inverse(self) -> Matrix:
        """The far block of H⁻¹."""
        if not self.root.size:
            return self.root
        # The root is zero above its diagonal, and LAPACK leaves that half alone.
        lower, _ = linalg.lapack.dpotri(self.root, lower=1)
        inverse = np.asarray(lower + lower.T)
        np.fill_diagonal(inverse, np.diag(lower))
        return inverse

    @cached_property
    def pulled(self) -> sparse.csr_array:
        """The near block's inverse times the border."""
        return sparse.csr_array(self.inner.T @ self.reduced) if len(self.shares) else self.reduced

    @cached_property
    def side(self) -> Matrix:
        """The border of H⁻¹, with the other sign."""
        return np.asarray(self.pulled @ self.inverse)

    @cached_property
    def own(self) -> dict[tuple[int, int], Vector]:
        """H⁻¹ at each finer level (0, 0), at it and its parent (0, 1), and at each coarser level (1, 1)."""
        fine, levels = 1 / self.diagonal[: self.fine], np.arange(self.split)
        if self.factors.near == 1:
            return {(0, 0): fine + self.through_far(levels, levels)}
        lower, upper = levels[: self.fine], levels[self.fine :]
        parents = self.fine + self.factors.parents
        coarse = 1 / self.diagonal
        return {
            (0, 0): fine + self.shares**2 * coarse[parents] + self.through_far(lower, lower),
            (0, 1): self.through_far(lower, parents) - self.shares * coarse[parents],
            (1, 1): coarse[self.fine :] + self.through_far(upper, upper),
        }

    def through_far(self, rows: Codes, columns: Codes) -> Vector:
        """What the far side adds to the near block's inverse at pairs of levels."""
        if not self.root.size:
            return np.zeros(len(rows))
        pulled = self.pulled[columns].tocoo()
        parts = pulled.data * self.side[rows[pulled.row], pulled.col]
        return np.asarray(np.bincount(pulled.row, parts, len(rows)), np.float64)

    @cached_property
    def reaches(self) -> list[Vector]:
        """For each factor and observation i the element of H⁻¹Λ'z_i at i's own level."""
        factors, scales = self.factors, self.scales
        found = self.near_reaches()
        far = range(factors.near, len(factors.names))
        places = [start + factors.codes[f] for start, f in zip(self.starts, far, strict=True)]
        for f, place in zip(far, places, strict=True):
            here = np.zeros(len(place))
            for near in range(factors.near):
                crossing = self.side[factors.offsets[near] + factors.codes[near], place]
                found[near] = found[near] - scales[f] * crossing
                here -= scales[near] * crossing
            for g, other in zip(far, places, strict=True):
                here += scales[g] * self.inverse[place, other]
            found.append(here)
        return found

    def near_reaches(self) -> list[Vector]:
        """The near side's part of the near reaches."""
        codes, scales, own = self.factors.codes, self.scales, self.own
        if self.factors.near == 1:
            return [scales[0] * own[0, 0][codes[0]]]
        return [
            scales[0] * own[0, 0][codes[0]] + scales[1] * own[0, 1][codes[0]],
            scales[0] * own[0, 1][codes[0]] + scales[1] * own[1, 1][codes[1]],
        ]

    @property
    def leverages(self) -> Vector:
        """z_i'ΛH⁻¹Λ'z_i for each observation."""
        return np.asarray(sum(s * reach for s, reach in zip(self.scales, self.reaches, strict=True)))
