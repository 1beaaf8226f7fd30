"""Who counts, for how long, and what happens to the items of people who stop."""

from datetime import UTC, datetime, timedelta
from secrets import token_hex

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.models import Assignment, Item, OrderRow, Participant
from app.participants.service import exclude
from app.participation.dealing import LAPSED_AT_ONCE, lapse_expired
from app.studies import check, service
from app.web.db import Database
from tests.factories import make_definition, make_study
from tests.walker import Walker


@pytest.fixture(autouse=True)
def study(database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_study(session)


def begun(web: TestClient, answered: int = 0) -> Walker:
    """A person in a browser of their own who has answered so many items."""
    walker = Walker(TestClient(web.app, follow_redirects=False))
    walker.start()
    walker.prepare()
    for _ in range(answered):
        walker.answer()
    return walker


def let_time_pass(database: Database, walker: Walker, **time: float) -> None:
    """Move one person's last step and deadline into the past."""
    with database.transaction(writing=True) as session:
        person = session.scalars(select(Participant).where(Participant.code == walker.code)).one()
        person.last_step_at -= timedelta(**time)
        person.lapses_at -= timedelta(**time)


def sweep(database: Database) -> int:
    with database.transaction(writing=True) as session:
        version = session.scalars(select(Participant.version_id).limit(1)).one()
        return lapse_expired(session, version, datetime.now(UTC))


def loads(database: Database) -> tuple[int, int]:
    """The sums of (answered, reserved) over all items."""
    with database.transaction() as session:
        answered, reserved = session.execute(select(func.sum(Item.answered), func.sum(Item.reserved))).one()
        return answered, reserved


def person(database: Database, walker: Walker) -> Participant:
    with database.transaction() as session:
        return session.scalars(select(Participant).where(Participant.code == walker.code)).one()


def states(database: Database, walker: Walker) -> list[str]:
    with database.transaction() as session:
        statement = select(Assignment.state).where(Assignment.participant_id == person(database, walker).id)
        return list(session.scalars(statement.order_by(Assignment.position)))


def row_uses(session: Session) -> int:
    return session.scalar(select(func.sum(OrderRow.uses))) or 0


def assert_all_right(database: Database) -> None:
    with database.snapshot() as session:
        assert check.check(session, "small").problems == []


def test_items_are_reserved_at_the_first_item_and_counted_as_they_are_answered(
    web: TestClient, database: Database
) -> None:
    walker = Walker(web)
    walker.start()
    walker.answer()
    assert loads(database) == (0, 0)
    walker.answer()
    assert loads(database) == (0, 4)
    walker.answer()
    assert loads(database) == (1, 3)
    walker.finish()
    assert loads(database) == (4, 0)
    assert_all_right(database)


def test_a_dropout_gives_back_what_it_has_not_answered_and_keeps_what_it_has(
    web: TestClient, database: Database
) -> None:
    gone, staying = begun(web, 1), begun(web, 1)
    let_time_pass(database, gone, minutes=46)
    let_time_pass(database, staying, minutes=44)
    assert sweep(database) == 1
    assert loads(database) == (2, 3)
    assert (person(database, gone).status, person(database, staying).status) == ("dropped", "active")
    assert states(database, gone) == ["answered", "lapsed", "lapsed", "lapsed"]
    assert_all_right(database)


def test_the_next_arrival_takes_the_place_of_one_who_has_gone(web: TestClient, database: Database) -> None:
    gone = begun(web)
    let_time_pass(database, gone, hours=1)
    begun(web).finish()
    assert loads(database) == (4, 0)
    with database.transaction() as session:
        assert row_uses(session) == 1
    assert_all_right(database)


def test_who_returns_in_time_goes_on_with_the_same_items_and_is_flagged_late(
    web: TestClient, database: Database
) -> None:
    late = begun(web, 1)
    before = late.look().text
    let_time_pass(database, late, hours=2)
    sweep(database)
    assert late.place == "rate/2"
    assert late.look().text.split("<main")[1] == before.split("<main")[1]
    assert loads(database) == (1, 0)  # looking writes nothing
    late.answer()
    assert states(database, late) == ["answered", "answered", "reserved", "reserved"]
    assert loads(database) == (2, 2)
    late.finish()
    found = person(database, late)
    assert (found.status, found.is_late) == ("completed", True)
    assert_all_right(database)


def test_a_pause_that_nobody_noticed_is_late_all_the_same(web: TestClient, database: Database) -> None:
    late = begun(web, 1)
    let_time_pass(database, late, hours=2)
    late.finish()
    assert person(database, late).is_late
    assert loads(database) == (4, 0)
    assert_all_right(database)


def test_a_pause_before_the_first_item_costs_nobody_the_items_dealt_after_it(
    web: TestClient, database: Database
) -> None:
    slow = Walker(web)
    slow.start()
    slow.answer()
    let_time_pass(database, slow, hours=2)
    slow.answer()  # the step that deals, from one whose deadline is over
    assert (person(database, slow).status, loads(database)) == ("active", (0, 4))
    slow.answer()
    with database.transaction() as session:
        assert row_uses(session) == 1
    assert_all_right(database)
    slow.finish()
    assert not person(database, slow).is_late
    assert_all_right(database)


def test_a_faulty_form_of_one_who_returns_holds_the_items_for_as_long_as_any_step(
    web: TestClient, database: Database
) -> None:
    late = begun(web, 1)
    let_time_pass(database, late, hours=2)
    sweep(database)
    assert late.send().status_code == 422
    assert sweep(database) == 0
    assert (person(database, late).status, loads(database)) == ("active", (1, 3))
    assert_all_right(database)


def test_who_returns_too_late_finds_a_closed_page_and_the_answers_stay(
    web: TestClient, database: Database
) -> None:
    late = begun(web, 1)
    path = late.path
    let_time_pass(database, late, hours=25)
    assert "has ended" in late.look().text
    assert late.place == "closed"
    answer = late.web.post(path, data={"rating_1": "5", "rating_2": "5", "position": "2"})
    assert answer.headers["location"].endswith("/closed")
    assert late.web.get(f"/p/{late.code}/leave").headers["location"].endswith("/closed")
    sweep(database)
    assert loads(database) == (1, 0)
    assert_all_right(database)


def test_excluded_people_stop_counting_at_once(web: TestClient, database: Database) -> None:
    finished, working = begun(web), begun(web, 2)
    finished.finish()
    with database.transaction(writing=True) as session:
        for walker in (finished, working):
            exclude(session, "small", person(database, walker).pseudonym, "a test", datetime.now(UTC))
    assert loads(database) == (0, 0)
    with database.transaction() as session:
        assert row_uses(session) == 0
    working.look()
    assert working.place == "closed"
    finished.look()
    assert finished.place == "done"  # and keeps the code
    assert_all_right(database)
    with database.transaction(writing=True) as session:
        pseudonym = person(database, finished).pseudonym
        with pytest.raises(Conflict, match="counts no more"):
            exclude(session, "small", pseudonym, "a test", datetime.now(UTC))
        with pytest.raises(NotFound):
            exclude(session, "small", "nobody", "a test", datetime.now(UTC))


def test_a_dropout_who_is_excluded_is_not_taken_back_twice(web: TestClient, database: Database) -> None:
    gone = begun(web, 2)
    let_time_pass(database, gone, hours=1)
    sweep(database)
    with database.transaction(writing=True) as session:
        exclude(session, "small", person(database, gone).pseudonym, "a test", datetime.now(UTC))
    assert loads(database) == (0, 0)
    assert_all_right(database)


def test_when_full_admit_gives_the_least_loaded_items_beyond_the_target(
    web: TestClient, database: Database
) -> None:
    for _ in range(9):  # 8 reach the target: 16 items × 2 ratings / 4 items each
        begun(web).finish()
    with database.transaction() as session:
        least, most = session.execute(select(func.min(Item.answered), func.max(Item.answered))).one()
    assert (least, most) == (2, 3)
    assert_all_right(database)


def test_when_full_close_counts_answers_only_and_turns_the_next_away(
    web: TestClient, database: Database
) -> None:
    with database.transaction(writing=True) as session:
        make_closing_study(session)
    early = closing(web)
    early.prepare()
    waiting = closing(web)
    while not is_full(web):  # one rating of 4 items, 2 items each: two people or a few more
        walker = closing(web)
        walker.prepare()
        walker.finish()
    waiting.answer()
    waiting.answer()
    assert waiting.place == "full"
    assert "return your submission on Prolific" in waiting.look().text
    early.finish()
    assert is_full(web)
    assert person(database, waiting).status == "turned_away"
    with database.snapshot() as session:
        found = check.check(session, "closing")
    assert found.problems == []
    assert found.least_answers >= 1


def make_closing_study(session: Session) -> None:
    definition = make_definition(
        slug="closing",
        questions={"set": "set", "ids": ["q1", "q2"]},
        design={"items_per_condition": 1, "ratings_per_item": 1, "when_full": "close"},
        recruitment={"platform": "prolific", "codes": {"completed": "DONE"}},
    )
    service.save_draft(session, definition)
    service.launch(session, "closing")


def is_full(web: TestClient) -> bool:
    landing = TestClient(web.app).get("/s/closing", params={"PROLIFIC_PID": "1a" * 12})
    return "The study is full" in landing.text


def closing(web: TestClient) -> Walker:
    walker = Walker(TestClient(web.app, follow_redirects=False), slug="closing")
    walker.query = {"PROLIFIC_PID": token_hex(12)}
    walker.start()
    return walker


def test_one_click_takes_back_a_few_abandoned_visits_and_the_next_ones_the_rest(
    web: TestClient, database: Database
) -> None:
    people = [begun(web) for _ in range(LAPSED_AT_ONCE + 2)]
    for walker in people:
        let_time_pass(database, walker, hours=2)
    assert sweep(database) == LAPSED_AT_ONCE
    assert_all_right(database)
    assert loads(database) == (0, 2 * 4)
    assert sweep(database) == 2
    assert_all_right(database)
    assert loads(database) == (0, 0)
