import asyncio
from collections import Counter
from statistics import mean, median

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.simulation.behaviour import THINK_MEDIAN_S, Deeds, Fate, Habits, contrary, deeds, fates
from app.simulation.browser import Browser, Screen
from app.simulation.queries import Stored
from app.simulation.summary import mistakes
from app.simulation.walk import Taken
from tests.servers import free_port

NOBODY = Fate()
share = st.floats(0, 1)


def planned(habits: Habits, fate: Fate = NOBODY, pages: int = 400, kind: str = "rate") -> list[Deeds]:
    return [deeds(habits, fate, (1, number), page, kind) for number in range(5) for page in range(pages // 5)]


@given(share, share, share, st.integers(1, 300), st.integers(1, 40), st.integers())
def test_shares_of_people_are_exact_and_the_same_for_the_same_seed(
    dropout: float, latecomers: float, two_tabs: float, people: int, pages: int, seed: int
) -> None:
    habits = Habits(dropout, latecomers, two_tabs)
    made = fates(habits, people, pages, seed)
    gone = [fate for fate in made if fate.vanishes_at is not None]
    assert len(gone) == round(dropout * people)
    assert sum(fate.returns for fate in made) == round(latecomers * len(gone))
    assert sum(fate.has_second_tab for fate in made) == round(two_tabs * people)
    assert all(fate.vanishes_at is not None for fate in made if fate.returns)
    assert all(1 <= (fate.vanishes_at or 0) <= pages for fate in gone)
    assert made == fates(habits, people, pages, seed)


def test_people_vanish_at_every_page() -> None:
    pages = Counter(fate.vanishes_at for fate in fates(Habits(dropout=1), 2_000, 20, 1))
    assert set(pages) == set(range(1, 21))
    assert fates(Habits(dropout=0.5), 50, 20, 1) != fates(Habits(dropout=0.5), 50, 20, 2)


def test_deeds_happen_as_often_as_said_and_the_same_for_the_same_seed() -> None:
    habits = Habits(double_submit=0.2, back=0.4, reload=0.6)
    made = planned(habits, pages=5_000)
    for name, chance in (("sends_twice", 0.2), ("goes_back", 0.4), ("reloads", 0.6)):
        assert abs(mean(getattr(deed, name) for deed in made) - chance) < 0.03
    assert not any(deed.uses_stale_tab for deed in made)
    assert any(deed.uses_stale_tab for deed in planned(habits, Fate(has_second_tab=True)))
    assert planned(habits) == planned(habits)


def test_well_behaved_people_do_nothing_but_answer_at_once() -> None:
    assert not any(
        deed.thinks_s or deed.reloads or deed.goes_back or deed.sends_twice or deed.uses_stale_tab
        for deed in planned(Habits(), Fate())
    )


@pytest.mark.parametrize("kind", THINK_MEDIAN_S)
def test_paced_people_think_some_seconds_by_kind_of_page_divided_by_the_speed(kind: str) -> None:
    times = [deed.thinks_s for deed in planned(Habits(is_paced=True), pages=2_000, kind=kind)]
    assert abs(median(times) / THINK_MEDIAN_S[kind] - 1) < 0.1
    fast = [deed.thinks_s for deed in planned(Habits(is_paced=True, speed_up=60), pages=2_000, kind=kind)]
    assert fast == pytest.approx([seconds / 60 for seconds in times])


@given(st.integers(2, 9).flatmap(lambda points: st.tuples(st.integers(1, points), st.just(points))))
def test_an_old_form_says_another_value_of_the_same_scale(pair: tuple[int, int]) -> None:
    value, points = pair
    assert 1 <= contrary(value, points) <= points
    assert contrary(value, points) != value


def test_an_earlier_page_is_any_of_them() -> None:
    pages = ["a", "b", "c"]
    assert {deed.earlier(pages) for deed in planned(Habits())} == set(pages)


@pytest.mark.parametrize("habits", [{"dropout": 1.1}, {"back": -0.1}, {"speed_up": 0}])
def test_habits_that_cannot_be_are_refused(habits: dict[str, float]) -> None:
    with pytest.raises(Invalid):
        Habits(**habits)  # type: ignore[arg-type]  # is_paced is not among them


def test_a_late_return_that_is_not_flagged_and_a_completed_dropout_are_mistakes() -> None:
    late = Taken(1, ended="done", is_surely_late=True)
    gone = Taken(2, ended="vanished")
    assert list(mistakes(late, Stored("completed", is_late=True, ratings={}, twice=0))) == []
    assert len(list(mistakes(late, Stored("completed", is_late=False, ratings={}, twice=0)))) == 1
    assert list(mistakes(gone, Stored("dropped", is_late=False, ratings={}, twice=0))) == []
    assert len(list(mistakes(gone, Stored("completed", is_late=False, ratings={}, twice=0)))) == 1


def test_a_browser_tries_again_until_a_server_that_restarts_answers_and_gives_up_in_the_end() -> None:
    port = free_port()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        status = statuses.pop(0)
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def visit() -> tuple[Screen, int]:
        browser = Browser(f"http://127.0.0.1:{port}")
        asking = asyncio.create_task(browser.open("/p/x"))
        await asyncio.sleep(0.4)  # nobody listens yet
        async with await asyncio.start_server(answer, "127.0.0.1", port):
            screen = await asking
        await browser.close()
        return screen, browser.retries

    statuses = [503, 200]
    screen, retries = asyncio.run(visit())
    assert (screen.status, statuses) == (200, [])
    assert retries >= 3

    async def give_up() -> None:
        await Browser(f"http://127.0.0.1:{port}", patience_s=0.1).open("/p/x")

    with pytest.raises(httpx2.TransportError):
        asyncio.run(give_up())
