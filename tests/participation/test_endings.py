"""Declining, failing the check, leaving and finishing: what remains, and what people take with them."""

from fastapi.testclient import TestClient
from sqlalchemy import select

from app.models import (
    Assignment,
    CheckAnswer,
    Item,
    Participant,
    Rating,
    Response,
)
from app.web.db import Database
from tests.participation.paths import (
    COMPREHENSION,
    FULL,
    PROLIFIC,
    SONA,
    count,
    launch,
    only_participant,
    other_browser,
    problems,
)
from tests.walker import Walker, form_of


def test_declining_keeps_only_a_keyed_hash_of_the_id(web: TestClient, database: Database) -> None:
    launch(database, recruitment=PROLIFIC)
    walker = Walker(web, query={"PROLIFIC_PID": "ab" * 12, "STUDY_ID": "s", "SESSION_ID": "t"})
    walker.start()
    walker.send(consent="no")
    assert walker.place == "declined"
    assert "NO" in walker.look().text
    person = only_participant(database)
    assert (person.status, person.external_id, person.parameters) == ("declined", None, {})
    assert person.external_hash is not None
    assert "ab" * 12 not in person.external_hash
    again = Walker(other_browser(web), query={"PROLIFIC_PID": "ab" * 12})
    landing = again.web.get("/s/small", params=again.query)
    assert again.web.post("/s/small", data=form_of(landing).fields).status_code == 403
    assert count(database, Participant) == 1


def test_failing_the_last_comprehension_attempt_ends_with_the_screened_out_code(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=PROLIFIC, comprehension=COMPREHENSION)
    walker = Walker(web, query={"PROLIFIC_PID": "ab" * 12})
    walker.start()
    walker.answer()
    walker.answer()
    assert walker.send().status_code == 422  # nothing chosen costs no attempt
    walker.send(question_1="1")
    assert walker.place == "comprehension"
    assert "Instructions text" in walker.look().text
    walker.send(question_1="3")
    assert walker.place == "screened-out"
    assert "cc=OUT" in walker.look().text
    with database.transaction() as session:
        given = session.execute(select(CheckAnswer.attempt, CheckAnswer.given, CheckAnswer.is_correct))
        assert sorted(given.all()) == [(1, "A", False), (2, "C", False)]
    assert count(database, Assignment) == 0


def test_without_a_code_an_ending_asks_to_return_the_submission(web: TestClient, database: Database) -> None:
    launch(database, recruitment={"platform": "prolific", "codes": {"completed": "DONE"}})
    walker = Walker(web, query={"PROLIFIC_PID": "ab" * 12})
    walker.start()
    walker.send(consent="no")
    assert "return your submission on Prolific" in walker.look().text
    assert "DONE" not in walker.look().text


def test_leaving_keeps_the_answers_and_frees_the_items(web: TestClient, database: Database) -> None:
    launch(database)
    walker = Walker(web)
    walker.start()
    walker.prepare()
    walker.answer()
    leave = f"/p/{walker.code}/leave"
    assert web.get(leave).status_code == 200
    assert web.post(leave, data={}).headers["location"].endswith("/left")
    assert walker.look().status_code == 200
    assert walker.place == "left"
    assert web.get(leave).headers["location"].endswith("/left")
    assert only_participant(database).status == "withdrawn"
    assert count(database, Rating) == 2
    with database.transaction() as session:
        assert set(session.execute(select(Item.answered, Item.reserved)).all()) == {(0, 0)}
    assert problems(database) == []


def test_leaving_with_the_wish_to_erase_deletes_every_answer_and_the_id(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=PROLIFIC, **{key: FULL[key] for key in ("attention", "practice")})
    walker = Walker(web, query={"PROLIFIC_PID": "ab" * 12})
    walker.start()
    walker.prepare()
    walker.answer()
    walker.answer()
    web.post(f"/p/{walker.code}/leave", data={"erase": "true"})
    assert count(database, Rating) == count(database, Response) == count(database, CheckAnswer) == 0
    assert only_participant(database).external_id is None
    assert problems(database) == []
    again = Walker(other_browser(web), query={"PROLIFIC_PID": "ab" * 12})
    assert again.web.post("/s/small", data=form_of(again.landing()).fields).status_code == 403


def test_a_comprehension_form_sent_twice_costs_one_attempt(web: TestClient, database: Database) -> None:
    launch(database, comprehension=COMPREHENSION)
    walker = Walker(web)
    walker.start()
    walker.answer()
    walker.answer()
    fields = form_of(walker.look()).fields | {"question_1": "1"}
    for _ in range(3):
        assert web.post(walker.path, data=fields).headers["location"].endswith("/comprehension")
    assert only_participant(database).comprehension_attempts == 1


def test_leaving_before_consent_is_declining(web: TestClient, database: Database) -> None:
    launch(database, recruitment=PROLIFIC)
    walker = Walker(web, query={"PROLIFIC_PID": "ab" * 12})
    walker.start()
    answer = web.post(f"/p/{walker.code}/leave", data={})
    assert answer.headers["location"].endswith("/declined")
    person = only_participant(database)
    assert (person.status, person.external_id) == ("declined", None)


def test_erasing_in_a_second_tab_after_leaving_still_erases(web: TestClient, database: Database) -> None:
    launch(database, comprehension=COMPREHENSION, attention={"count": 1})
    walker = Walker(web)
    walker.start()
    while walker.place != "rate/4":
        walker.send(question_1="2") if walker.place == "comprehension" else walker.answer()
    leave = f"/p/{walker.code}/leave"
    web.post(leave, data={})
    assert count(database, Rating) == 6
    web.post(leave, data={"erase": "true"})
    assert count(database, Rating) == count(database, CheckAnswer) == 0
    person = only_participant(database)
    derived = (
        person.comprehension_attempts,
        person.items_answered,
        person.checks_answered,
        person.checks_passed,
    )
    assert derived == (0, 0, 0, 0)
    assert problems(database) == []


def test_sona_gives_credit_only_to_who_completes(web: TestClient, database: Database) -> None:
    launch(database, recruitment=SONA)
    declined = Walker(web, query={"survey_code": "7"})
    declined.start()
    declined.send(consent="no")
    assert "sona-systems" not in declined.look().text
    finished = Walker(other_browser(web), query={"survey_code": "8"})
    finished.start()
    finished.finish()
    assert "experiment_id=1&amp;credit_token=t&amp;survey_code=8" in finished.look().text
