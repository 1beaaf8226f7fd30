"""One id is one person, however a link spells it, and rows of older spellings are still found."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.models import Participant
from app.participants.service import count_instead
from app.participation.entry import hash_external_id
from app.participation.ids import spellings, tidy_ids
from app.web.db import Database
from tests.participation.paths import (
    SONA,
    count,
    launch,
    only_participant,
    other_browser,
    problems,
    signing_of,
)
from tests.walker import Walker, form_of

WITH_ATTEMPTS = SONA | {"parameters": {"external_id": "survey_code", "attempt_id": "attempt"}}
BY_LINK = {"platform": "link", "parameters": {"external_id": "who"}, "codes": {"completed": "DONE"}}


def arrives(web: TestClient, **query: str) -> int:
    """The status that Start answers somebody in a browser of their own."""
    browser = other_browser(web)
    return browser.post("/s/small", data=form_of(browser.get("/s/small", params=query)).fields).status_code


@pytest.mark.parametrize(
    "recruitment,name,first,second",
    [(SONA, "survey_code", "007", "7"), (BY_LINK, "who", "Zoe\u0308", "Zo\u00eb")],
)
def test_one_id_in_two_spellings_is_one_person_on_every_platform(
    web: TestClient, database: Database, recruitment: dict[str, Any], name: str, first: str, second: str
) -> None:
    launch(database, recruitment=recruitment)
    walker = Walker(web, query={name: first})
    walker.start()
    assert Walker(web, query={name: second}).resumed() == f"/p/{walker.code}"
    walker.finish()
    assert [arrives(web, **{name: one}) for one in (first, second)] == [403, 403]
    assert only_participant(database).external_id == second


@pytest.mark.parametrize("is_erased", [False, True])
def test_a_row_that_was_stored_in_another_spelling_is_still_the_same_person(
    web: TestClient, database: Database, *, is_erased: bool
) -> None:
    launch(database, recruitment=SONA)
    walker = Walker(web, query={"survey_code": "7"})
    walker.start()
    spell_as_before(web, database, "007")
    walker.finish()
    if is_erased:
        web.post(f"/p/{walker.code}/erase", data={"erase": "true"})
        assert only_participant(database).external_id is None
    assert [arrives(web, survey_code=one) for one in ("007", "7", "00007")] == [403, 403, 403]
    assert arrives(web, survey_code="70") == 303
    assert count(database, Participant) == 2


def spell_as_before(web: TestClient, database: Database, external_id: str) -> None:
    """Have the one row as earlier releases stored it."""
    with database.transaction(writing=True) as session:
        person = session.scalars(select(Participant)).one()
        person.external_id = external_id
        person.external_hash = hash_external_id(signing_of(web).secret, person.study_id, external_id)


def test_staff_can_choose_between_a_visit_of_an_older_spelling_and_a_new_one(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=WITH_ATTEMPTS)
    first = Walker(web, query={"survey_code": "7", "attempt": "a1"})
    first.start()
    spell_as_before(web, database, "007")
    first.finish()
    second = Walker(other_browser(web), query={"survey_code": "7", "attempt": "a2"})
    second.start()
    second.finish()
    with database.transaction(writing=True) as session:
        newer = session.scalars(select(Participant).where(Participant.is_same_id)).one()
        count_instead(session, "small", newer.pseudonym, newer.last_step_at)
    with database.transaction() as session:
        counted = session.scalars(select(Participant.code).where(Participant.is_counted)).all()
    assert counted == [second.code]
    assert problems(database) == []


def test_only_what_is_certain_of_a_platform_is_spelled_anew() -> None:
    assert tidy_ids("sona", {"external_id": "000"}) == {"external_id": "0"}
    assert tidy_ids("sona", {"external_id": "0a7"}) == {"external_id": "0a7"}
    assert tidy_ids("mturk", {"external_id": "007"}) == {"external_id": "007"}
    assert spellings("sona", "7")[:3] == ["7", "07", "007"]
    assert spellings("prolific", "5f" * 12) == ["5f" * 12]
