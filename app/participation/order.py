"""In which order a participant sees the conditions: blocks along the rows of a Williams square.

A Williams square is a Latin square balanced for first-order carry-over (Williams 1949, Aust. J. Sci. Res.
A 2:149-168): each condition stands once in each column, and follows each other condition equally often.
An odd number of conditions takes two squares, one the mirror of the other.
"""

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

Entry = TypeVar("Entry")


def williams_square(size: int) -> list[tuple[int, ...]]:
    """Rows of condition indices (from 0): `size` rows, or twice as many when `size` is odd and above 1."""
    zigzag = [index // 2 + 1 if index % 2 else (size - index // 2) % size for index in range(size)]
    rows = [tuple((entry + shift) % size for entry in zigzag) for shift in range(size)]
    return rows + [row[::-1] for row in rows] if size % 2 and size > 1 else rows


def block_rows(size: int, first_row: int, blocks: int) -> list[tuple[int, ...]]:
    """One row for each of `blocks` blocks, starting with row `first_row` of the square.

    From block to block the row moves on by a step that is the same for all rows of a square, so that
    participants who use all first rows equally use all rows equally in every block. The step is the
    first that never puts a condition next to itself.
    """
    square = williams_square(size)
    half = first_row // size * size
    step = next(
        (step for step in (*range(1, size), 0) if square[half][-1] != square[half + step][0]),
        0,  # a single condition can only follow itself
    )
    return [square[half + (first_row - half + step * block) % size] for block in range(blocks)]


def least_used_row(size: int, uses: Mapping[int, int], seed: int) -> int:
    """The index of the row fewest participants follow; ties by the participant's seed."""
    rows = list(range(len(williams_square(size))))
    random.Random(f"row {seed}").shuffle(rows)
    return min(rows, key=lambda row: uses.get(row, 0))


def balanced_order(
    plan: Mapping[int, Sequence[Entry]], conditions: Sequence[int], first_row: int, seed: int
) -> list[Entry]:
    """All entries of a plan (condition → its entries) in balanced order; ties by seed."""
    chance = random.Random(f"order {seed}")
    shuffled = {
        condition: chance.sample(list(plan[condition]), len(plan[condition])) for condition in conditions
    }
    blocks = block_rows(len(conditions), first_row, len(plan[conditions[0]]))
    return [shuffled[conditions[index]][block] for block, row in enumerate(blocks) for index in row]


def shuffled_order(plan: Mapping[int, Sequence[Entry]], seed: int) -> list[Entry]:
    entries = [entry for condition in sorted(plan) for entry in plan[condition]]
    random.Random(f"order {seed}").shuffle(entries)
    return entries
