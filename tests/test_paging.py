"""A page of many rows, whatever their number."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from app.paging import paged


def some(rows: list[int], *, offset: int, limit: int) -> list[int]:
    return rows[offset : offset + limit]


@given(st.integers(0, 40), st.integers(1, 9))
def test_pages_hold_every_row_once_in_order_and_the_last_one_says_so(count: int, size: int) -> None:
    rows = list(range(count))
    seen: list[int] = []
    number, has_more = 0, True
    while has_more:
        number += 1
        page = paged(partial(some, rows), number, size)
        assert page.number == number
        assert len(page.rows) == size or not page.has_more
        seen += page.rows
        has_more = page.has_more
    assert seen == rows
    assert number == max(1, -(-count // size))
