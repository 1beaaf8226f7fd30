"""Late finishers, resuming and full studies, for people who click twice, go back and keep old tabs."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.models import Item, Participant, Response
from app.web.db import Database
from tests.factories import make_study
from tests.participation.test_reservations import (
    assert_all_right,
    begun,
    closing,
    is_full,
    let_time_pass,
    loads,
    make_closing_study,
    person,
    row_uses,
    states,
    sweep,
)
from tests.walker import Walker, form_of

SENT = {"rating_1": "5", "rating_2": "1"}


@pytest.fixture(autouse=True)
def study(database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_study(session)


def at_once(web: TestClient, path: str, forms: list[dict[str, str]]) -> set[str]:
    """Send forms to one address at the same moment, each from a browser of its own; where they lead."""
    together = Barrier(len(forms))

    def send(fields: dict[str, str]) -> str:
        browser = TestClient(web.app, follow_redirects=False)
        together.wait()
        return browser.post(path, data=fields).headers["location"]

    with ThreadPoolExecutor(len(forms)) as pool:
        return set(pool.map(send, forms))


def test_a_double_click_on_coming_back_reserves_and_stores_once(web: TestClient, database: Database) -> None:
    late = begun(web, 1)
    fields = form_of(late.look()).fields | SENT
    let_time_pass(database, late, hours=2)
    sweep(database)
    assert at_once(web, late.path, [fields] * 6) == {f"/p/{late.code}/rate/3"}
    assert loads(database) == (2, 2)
    assert states(database, late) == ["answered", "answered", "reserved", "reserved"]
    with database.transaction() as session:
        assert row_uses(session) == 1
    assert_all_right(database)
    late.look()
    late.finish()
    assert (person(database, late).is_late, loads(database)) == (True, (4, 0))


def test_coming_back_while_others_are_dealt_loses_and_doubles_no_reservation(
    web: TestClient, database: Database
) -> None:
    late = [begun(web, 1) for _ in range(4)]
    fresh = [Walker(TestClient(web.app, follow_redirects=False)) for _ in range(4)]
    for walker in fresh:
        walker.start()
    for walker in late:
        let_time_pass(database, walker, hours=2)
    together = Barrier(8)

    def go_on(walker: Walker) -> None:
        together.wait()
        walker.finish()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(go_on, [*late, *fresh]))
    assert loads(database) == (8 * 4, 0)
    assert all(person(database, walker).is_late for walker in late)
    assert not any(person(database, walker).is_late for walker in fresh)
    assert_all_right(database)


def test_an_old_tab_of_one_who_has_gone_stores_nothing_and_brings_the_items_back(
    web: TestClient, database: Database
) -> None:
    gone = begun(web)
    old, fields = gone.path, form_of(gone.look()).fields
    gone.answer(2)
    let_time_pass(database, gone, hours=2)
    sweep(database)
    answer = gone.web.post(old, data=fields | SENT)
    assert answer.headers["location"] == f"/p/{gone.code}/rate/2"
    assert (loads(database), person(database, gone).is_late) == ((1, 3), True)
    assert_all_right(database)
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Response)) == 1


def test_an_old_tab_does_not_hold_the_items_any_longer(web: TestClient, database: Database) -> None:
    """Only a step that goes on counts as one: resending answered pages is no sign of working."""
    walker = begun(web)
    old, fields = walker.path, form_of(walker.look()).fields
    walker.answer()
    before = person(database, walker)
    walker.web.post(old, data=fields | SENT)
    after = person(database, walker)
    assert (after.lapses_at, after.last_step_at) == (before.lapses_at, before.last_step_at)


def test_who_returns_too_late_is_closed_to_double_clicks_as_well(web: TestClient, database: Database) -> None:
    gone = begun(web, 1)
    fields = form_of(gone.look()).fields | SENT
    let_time_pass(database, gone, hours=25)
    assert at_once(web, gone.path, [fields] * 4) == {f"/p/{gone.code}/closed"}
    sweep(database)
    assert (loads(database), person(database, gone).is_late) == ((1, 0), False)
    assert_all_right(database)


def test_late_finishers_of_an_admitting_study_count_beyond_the_target(
    web: TestClient, database: Database
) -> None:
    late = [begun(web, 1) for _ in range(2)]
    for walker in late:
        let_time_pass(database, walker, hours=2)
    while least(database) < 2:
        begun(web).finish()
    for walker in late:
        walker.finish()
        assert (person(database, walker).status, person(database, walker).is_late) == ("completed", True)
    with database.transaction() as session:
        completed = session.scalar(
            select(func.count()).select_from(Participant).where(Participant.status == "completed")
        )
    assert loads(database) == (completed * 4 if completed else 0, 0)
    assert_all_right(database)


def least(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.min(Item.answered))) or 0


def test_a_full_study_lets_those_finish_who_hold_items_even_late_and_nobody_else(
    web: TestClient, database: Database
) -> None:
    with database.transaction(writing=True) as session:
        make_closing_study(session)
    late, waiting = closing(web), closing(web)
    late.prepare()
    let_time_pass(database, late, hours=2)
    while not is_full(web):
        other = closing(web)
        other.prepare()
        other.finish()
    late.finish()
    assert (person(database, late).status, person(database, late).is_late) == ("completed", True)
    while waiting.place != "full":
        old, fields = waiting.path, form_of(waiting.look()).fields
        waiting.answer()
    before = loads(database)
    ways = at_once(web, old, [fields] * 4)  # the form that was turned away, sent again and again
    assert ways == {f"/p/{waiting.code}/full"}
    assert (loads(database), person(database, waiting).status) == (before, "turned_away")
    assert_all_right(database)
