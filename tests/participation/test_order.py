from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.participation.order import (
    balanced_order,
    block_rows,
    least_used_row,
    shuffled_order,
    williams_square,
)


@pytest.mark.parametrize("size", range(1, 8))
def test_a_williams_square_is_balanced_for_position_and_carry_over(size: int) -> None:
    rows = williams_square(size)
    assert len(rows) == (size if size % 2 == 0 or size == 1 else 2 * size)
    for column in zip(*rows, strict=True):
        assert len(set(Counter(column).values())) == 1
        assert set(column) == set(range(size))
    carried = Counter(pair for row in rows for pair in pairwise(row))
    assert len(carried) == size * (size - 1)
    assert len(set(carried.values())) <= 1


def test_rows_keep_their_numbers_since_participants_are_stored_with_them() -> None:
    assert williams_square(4) == [(0, 1, 3, 2), (1, 2, 0, 3), (2, 3, 1, 0), (3, 0, 2, 1)]
    assert williams_square(3) == [(0, 1, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0), (0, 2, 1), (1, 0, 2)]
    assert williams_square(1) == [(0,)]


def test_blocks_go_on_by_one_step_in_the_same_square() -> None:
    assert block_rows(2, 1, 2) == [(1, 0), (1, 0)]
    assert block_rows(3, 1, 3) == [(1, 2, 0), (2, 0, 1), (0, 1, 2)]
    assert block_rows(3, 4, 3) == [(0, 2, 1), (2, 1, 0), (1, 0, 2)]
    assert block_rows(5, 8, 3) == [(1, 0, 2, 4, 3), (2, 1, 3, 0, 4), (3, 2, 4, 1, 0)]


def test_a_seed_gives_the_order_that_it_gave_in_earlier_releases() -> None:
    plan = {condition: [f"{condition}{n}" for n in range(2)] for condition in range(3)}
    assert balanced_order(plan, [0, 1, 2], 4, 7) == ["01", "21", "11", "20", "10", "00"]
    assert shuffled_order(plan, 7) == ["01", "00", "10", "20", "21", "11"]
    assert [least_used_row(4, {0: 1}, seed) for seed in range(4)] == [3, 1, 2, 2]


@given(size=st.integers(2, 7), blocks=st.integers(1, 8), row=st.integers(0, 100))
def test_blocks_hold_each_condition_once_and_none_follows_itself(size: int, blocks: int, row: int) -> None:
    rows = block_rows(size, row % len(williams_square(size)), blocks)
    assert all(sorted(block) == list(range(size)) for block in rows)
    assert all(one != other for one, other in pairwise(entry for block in rows for entry in block))


@given(
    size=st.integers(1, 6),
    blocks=st.integers(1, 4),
    cycles=st.integers(1, 3),
    seeds=st.randoms(use_true_random=False),
)
def test_a_multiple_of_the_rows_gives_every_condition_each_position_equally_often(
    size: int, blocks: int, cycles: int, seeds: Random
) -> None:
    uses: Counter[int] = Counter()
    places: Counter[tuple[int, int]] = Counter()
    for _ in range(cycles * len(williams_square(size))):
        seed = seeds.getrandbits(62)
        row = least_used_row(size, uses, seed)
        uses[row] += 1
        plan = {10 + condition: [(condition, n) for n in range(blocks)] for condition in range(size)}
        for position, (condition, _) in enumerate(balanced_order(plan, list(plan), row, seed)):
            places[position, condition] += 1
    assert len(places) == size * size * blocks
    assert len(set(places.values())) == 1


def test_an_order_holds_every_entry_once_and_differs_by_seed() -> None:
    plan = {condition: [f"{condition}{n}" for n in range(3)] for condition in range(4)}
    entries = sorted(entry for row in plan.values() for entry in row)
    for seed in range(5):
        assert sorted(balanced_order(plan, list(plan), seed % 4, seed)) == entries
        assert sorted(shuffled_order(plan, seed)) == entries
    assert len({tuple(shuffled_order(plan, seed)) for seed in range(5)}) > 1
    assert len({tuple(balanced_order(plan, list(plan), 0, seed)) for seed in range(5)}) > 1
