"""Who gets in, who comes back, and who does not: on both databases, read back from the rows."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.models import (
    Assignment,
    Item,
    Participant,
)
from app.studies.service import pause
from app.web.db import Database
from app.web.signing import mode_token
from tests.participation.paths import (
    PROLIFIC,
    SONA,
    count,
    launch,
    only_participant,
    other_browser,
    problems,
    signing_of,
)
from tests.walker import Walker, form_of


def test_opening_the_link_stores_nothing_and_start_twice_makes_one_participant(
    web: TestClient, database: Database
) -> None:
    launch(database)
    landing = web.get("/s/small")
    assert landing.status_code == web.head("/s/small").status_code == 200
    assert count(database, Participant) == 0
    fields = form_of(landing).fields
    codes = {web.post("/s/small", data=fields).headers["location"] for _ in range(3)}
    assert len(codes) == 1
    assert count(database, Participant) == 1
    assert count(database, Assignment) == 0


def test_the_same_browser_is_led_back_to_its_visit(web: TestClient, database: Database) -> None:
    launch(database)
    walker = Walker(web)
    code = walker.start()
    walker.prepare()
    assert Walker(web).resumed() == f"/p/{code}"
    assert web.get(f"/p/{code}").headers["location"] == f"/p/{code}/rate/1"


def test_a_private_platform_id_resumes_in_another_browser_and_shows_no_code_after_the_end(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=PROLIFIC)
    query = {"PROLIFIC_PID": "5f" * 12, "STUDY_ID": "s1", "SESSION_ID": "a1"}
    walker = Walker(web, query=query)
    code = walker.start()
    walker.prepare()
    second = Walker(other_browser(web), query=query)
    assert second.start() == code
    assert second.place == "rate/1"
    second.finish()
    assert 'href="https://app.prolific.com/submissions/complete?cc=DONE"' in second.look().text
    third = other_browser(web)
    landing = third.get("/s/small", params=query)
    answer = third.post("/s/small", data=form_of(landing).fields)
    assert answer.status_code == 403
    assert "already taken part" in answer.text
    assert code not in answer.text
    assert "DONE" not in answer.text
    person = only_participant(database)
    assert (person.external_id, person.parameters) == ("5f" * 12, {"study_id": "s1", "attempt_id": "a1"})


def test_an_id_that_can_be_guessed_resumes_only_in_its_own_browser(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=SONA)
    query = {"survey_code": "1234"}
    code = Walker(web, query=query).start()
    assert Walker(web, query=query).resumed() == f"/p/{code}"
    stranger = other_browser(web)
    answer = stranger.post("/s/small", data=form_of(stranger.get("/s/small", params=query)).fields)
    assert answer.status_code == 403
    assert "already started" in answer.text
    assert code not in answer.text
    assert Walker(web, query={"survey_code": "99"}).start() != code  # the next person at the same computer
    assert count(database, Participant) == 2


def test_a_platform_link_without_its_id_cannot_start(web: TestClient, database: Database) -> None:
    launch(database, recruitment=PROLIFIC)
    landing = web.get("/s/small")
    assert "does not carry your Prolific id" in landing.text
    assert web.post("/s/small", data={"visit": "forged"}).status_code == 422
    assert web.get("/s/small", params={"PROLIFIC_PID": "x" * 300}).status_code == 422
    assert count(database, Participant) == 0


def test_on_a_shared_computer_nobody_gets_the_visit_of_another(web: TestClient, database: Database) -> None:
    launch(database, recruitment=PROLIFIC)
    first = Walker(web, query={"PROLIFIC_PID": "first"})
    first.start()
    first.send(consent="no")
    second = Walker(web, query={"PROLIFIC_PID": "second"})
    second.start()
    assert second.code != first.code
    assert second.place == "consent"
    preview = Walker(web, query={"mode": mode_token(signing_of(web), "small", "preview"), **second.query})
    preview.start()
    assert preview.code != second.code
    assert Walker(web, query=second.query).resumed() is None  # the cookie is the preview's now
    assert Walker(web, query=second.query).start() == second.code  # found by the private id


def test_a_paused_study_takes_nobody_new_and_lets_those_inside_finish(
    web: TestClient, database: Database
) -> None:
    launch(database)
    walker = Walker(web)
    walker.start()
    with database.transaction(writing=True) as session:
        pause(session, "small")
    stranger = other_browser(web)
    assert "takes no new participants" in stranger.get("/s/small").text
    walker.finish()
    assert only_participant(database).status == "completed"


def test_a_mode_needs_a_token_of_this_study_and_other_modes_do_not_count(
    web: TestClient, database: Database
) -> None:
    launch(database)
    signing = signing_of(web)
    assert web.get("/s/small", params={"mode": "preview"}).status_code == 422
    assert web.get("/s/small", params={"mode": mode_token(signing, "other", "preview")}).status_code == 422
    walker = Walker(web, query={"mode": mode_token(signing, "small", "preview")})
    walker.start()
    walker.finish()
    person = only_participant(database)
    assert (person.mode, person.is_counted) == ("preview", False)
    with database.transaction() as session:
        assert set(session.execute(select(Item.answered, Item.reserved)).all()) == {(0, 0)}
    assert problems(database) == []


def test_a_dry_run_takes_no_paid_person_in_and_its_synthetic_participants_still_come(
    web: TestClient, database: Database
) -> None:
    launch(database, audience="synthetic", recruitment=PROLIFIC)
    query = {"PROLIFIC_PID": "5f" * 12}
    landing = web.get("/s/small", params=query)
    assert "This is a dry run" in landing.text
    assert "return your submission on Prolific" in landing.text
    synthetic = {"mode": mode_token(signing_of(web), "small", "synthetic"), **query}
    fields = form_of(web.get("/s/small", params=synthetic)).fields
    assert web.post("/s/small", data=fields | {"mode": ""}).status_code == 403
    assert count(database, Participant) == 0
    Walker(web, query=synthetic).start()
    assert only_participant(database).is_counted


def test_who_is_known_may_go_on_in_another_browser_while_the_study_is_paused(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=PROLIFIC)
    query = {"PROLIFIC_PID": "abc"}
    code = Walker(web, query=query).start()
    with database.transaction(writing=True) as session:
        pause(session, "small")
    assert Walker(other_browser(web), query=query).start() == code
    stranger = other_browser(web).get("/s/small", params={"PROLIFIC_PID": "new"})
    assert "takes no new participants" in stranger.text


def test_a_placeholder_that_no_platform_filled_in_is_no_id(web: TestClient, database: Database) -> None:
    launch(database, recruitment=PROLIFIC)
    landing = web.get("/s/small", params={"PROLIFIC_PID": "{{%PROLIFIC_PID%}}"})
    assert "does not carry your Prolific id" in landing.text
    preview = Walker(web, query={"mode": mode_token(signing_of(web), "small", "preview")})
    assert "not counted" in preview.landing().text
    preview.start()
    assert only_participant(database).mode == "preview"


@pytest.mark.parametrize("code", ["%00", "x" * 5000, "%F0%9F%90%9D"])
def test_codes_that_were_never_given_out_are_no_pages(web: TestClient, database: Database, code: str) -> None:
    launch(database)
    assert web.get(f"/p/{code}").status_code == 404
    assert web.post(f"/p/{code}/rate/1", data={}).status_code == 404
