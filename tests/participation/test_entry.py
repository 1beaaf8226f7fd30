"""Who gets in, who comes back, and who does not: on both databases, read back from the rows."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.models import (
    Assignment,
    Item,
    Participant,
)
from app.participation.brake import address_range
from app.studies.service import pause
from app.web.db import Database
from app.web.signing import link_token, mode_token
from tests.participation.paths import (
    FULL,
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
    assert "go on in the browser you began with" in answer.text
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
    first = Walker(web, query={"PROLIFIC_PID": "1a" * 12})
    first.start()
    first.send(consent="no")
    second = Walker(web, query={"PROLIFIC_PID": "2b" * 12, "SESSION_ID": "a2"})
    second.start()
    assert second.code != first.code
    assert second.place == "consent"
    preview = Walker(web, query={"mode": mode_token(signing_of(web), "small", "preview"), **second.query})
    preview.start()
    assert preview.code != second.code
    assert Walker(web, query=second.query).resumed() == f"/p/{second.code}"  # a preview leaves the cookie


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


def arrive(web: TestClient, **query: str) -> Walker:
    """Somebody in a browser of their own with Prolific's link."""
    walker = Walker(other_browser(web), query={"PROLIFIC_PID": "5f" * 12, "STUDY_ID": "s1", **query})
    walker.start()
    return walker


def test_an_id_with_another_session_opens_nothing_of_a_visit_that_holds_answers(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=PROLIFIC)
    owner = arrive(web, SESSION_ID="a1")
    owner.prepare()
    owner.answer()
    thief = arrive(web, SESSION_ID="a2")
    assert thief.code != owner.code
    assert thief.place == "consent"
    owner.finish()
    thief.finish()
    assert "cc=DONE" in thief.look().text  # paid, whoever it is
    with database.transaction() as session:
        visits = session.scalars(select(Participant).order_by(Participant.id)).all()
    assert [(one.is_counted, one.is_same_id, one.visit_number) for one in visits] == [
        (True, False, 1),
        (False, True, 2),
    ]
    assert problems(database) == []
    assert arrive(web, SESSION_ID="a3").code not in {owner.code, thief.code}


def test_who_comes_first_with_somebody_elses_id_locks_nobody_out(web: TestClient, database: Database) -> None:
    launch(database, recruitment=PROLIFIC)
    thief = arrive(web, SESSION_ID="a1")
    thief.prepare()  # holds items, and has answered nothing
    owner = arrive(web, SESSION_ID="a2")
    assert owner.place == "consent"
    assert "opened again with the same id" in thief.look().text
    assert problems(database) == []
    owner.finish()
    with database.transaction() as session:
        visits = session.scalars(select(Participant).order_by(Participant.id)).all()
        reserved = session.scalars(select(Item.reserved)).all()
    assert [(one.status, one.is_counted, one.is_same_id) for one in visits] == [
        ("replaced", False, False),
        ("completed", True, False),
    ]
    assert set(reserved) == {0}
    assert problems(database) == []


def test_an_id_without_a_session_and_a_visit_without_one_open_nothing(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=PROLIFIC)
    owner = arrive(web, SESSION_ID="a1")
    owner.prepare()
    stranger = other_browser(web)
    fields = form_of(stranger.get("/s/small", params={"PROLIFIC_PID": "5f" * 12})).fields
    answer = stranger.post("/s/small", data=fields)
    assert (answer.status_code, owner.code in answer.text) == (403, False)
    with database.transaction(writing=True) as session:  # as visits were stored before
        old = session.scalars(select(Participant)).one()
        old.external_hash, old.attempt_hash, old.parameters = None, None, {}
    assert arrive(web, SESSION_ID="a1").code != owner.code
    assert Walker(owner.web, query=owner.query).resumed() is None  # it held no answer, so it ended


@pytest.mark.parametrize("pid", ["5f" * 11, "5f" * 12 + "0", "zz" * 12, "%", "5f" * 11 + "5 "])
def test_an_edited_prolific_id_makes_nobody(web: TestClient, database: Database, pid: str) -> None:
    launch(database, recruitment=PROLIFIC)
    answer = web.get("/s/small", params={"PROLIFIC_PID": pid})
    assert answer.status_code == 422
    assert "none of Prolific" in answer.text
    twice = web.get(f"/s/small?PROLIFIC_PID={'5f' * 12}&PROLIFIC_PID={'5e' * 12}")
    assert (twice.status_code, "has PROLIFIC_PID twice" in twice.text) == (422, True)
    assert count(database, Participant) == 0


def test_one_id_in_two_spellings_is_one_person(web: TestClient, database: Database) -> None:
    launch(database, recruitment=PROLIFIC)
    first = arrive(web, SESSION_ID="a1")
    assert arrive(web, PROLIFIC_PID=" " + "5F" * 12 + " ", SESSION_ID="A1").code == first.code
    assert only_participant(database).external_id == "5f" * 12


def test_each_preview_begins_anew_says_so_on_every_page_and_shows_no_real_code(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=PROLIFIC, **{key: FULL[key] for key in ("attention", "questionnaire")})
    query = {"mode": mode_token(signing_of(web), "small", "preview"), "PROLIFIC_PID": "5f" * 12}
    codes = set()
    for _ in range(2):
        walker = Walker(web, query=query)
        codes.add(walker.start())
        while walker.place != "done":
            assert "Preview: answers given here are not counted" in walker.look().text
            walker.answer()
        last = walker.look().text
        assert "PREVIEW-NO-CODE" in last
        assert "Preview: answers given here are not counted" in last
        assert not [secret for secret in ("DONE", "app.prolific.com") if secret in last]
    assert len(codes) == 2


def test_a_signed_link_keeps_out_whoever_has_made_up_a_link(web: TestClient, database: Database) -> None:
    launch(database, recruitment=PROLIFIC | {"signed_link": "yes"})
    query = {"PROLIFIC_PID": "5f" * 12, "SESSION_ID": "a1"}
    assert "This link is not complete" in web.get("/s/small", params=query).text
    fields = form_of(
        web.get("/s/small", params=query | {"link": link_token(signing_of(web), "small")})
    ).fields
    assert web.post("/s/small", data=fields | {"link": "x"}).status_code == 422
    assert count(database, Participant) == 0
    assert web.post("/s/small", data=fields).status_code == 303


def test_a_crowd_from_one_network_is_asked_to_wait_and_loses_nothing(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=PROLIFIC)
    fields = form_of(web.get("/s/small", params={"PROLIFIC_PID": "5f" * 12, "SESSION_ID": "a1"})).fields
    answers = [web.post("/s/small", data=fields) for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {303}
    waiting = answers[60]
    assert waiting.status_code == 429
    assert 1 <= int(waiting.headers["retry-after"]) <= 61
    web.cookies.clear()
    again = waiting.headers["refresh"].partition("url=")[2]
    assert form_of(web.get(again)).fields | {"visit": ""} == fields | {"visit": ""}
    assert form_of(waiting).fields == fields
    rehearsal = {"mode": mode_token(signing_of(web), "small", "synthetic")}
    Walker(other_browser(web), query=rehearsal).start()  # dry runs send hundreds from one address


def test_a_network_is_counted_as_one_and_is_no_wider_than_a_household() -> None:
    assert address_range("203.0.113.9") == address_range("::ffff:203.0.113.200") == "203.0.113.0/24"
    assert address_range("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    assert address_range("2001:db8:1:3::4") != address_range("2001:db8:1:2::4")


def test_who_is_known_may_go_on_in_another_browser_while_the_study_is_paused(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=PROLIFIC)
    query = {"PROLIFIC_PID": "ab" * 12, "SESSION_ID": "a1"}
    code = Walker(web, query=query).start()
    with database.transaction(writing=True) as session:
        pause(session, "small")
    assert Walker(other_browser(web), query=query).start() == code
    stranger = other_browser(web).get("/s/small", params={"PROLIFIC_PID": "3c" * 12})
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
