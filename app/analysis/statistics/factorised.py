"""The linear algebra of H = I + Λ'Z'WZΛ by blocks: the near side is eliminated, the far side is dense."""

from functools import cached_property
from itertools import combinations, product

import numpy as np
from scipy import linalg, sparse

from app.analysis.statistics.base import Codes, Matrix, Vector
from app.analysis.statistics.crossed import Crossed


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
