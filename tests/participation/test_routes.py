"""The participant's path through its pages, on both databases, read back from the rows."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.models import (
    Assignment,
    Base,
    CheckAnswer,
    Item,
    Participant,
    QuestionnaireAnswer,
    Rating,
    Response,
)
from app.studies import check
from app.studies.service import pause
from app.web.db import Database
from app.web.signing import Signing, mode_token
from tests.factories import make_study
from tests.walker import Walker, form_of

COMPREHENSION = {"attempts": 2, "questions": [{"text": "What?", "options": ["A", "B", "C"], "correct": 1}]}
PRACTICE = [{"question": "Where?", "choices": ["here", "there"], "student_answer": 0, "explanation": "Near."}]
QUESTIONNAIRE = [
    {"key": "age", "text": "Your age", "options": ["young", "old"]},
    {"key": "feedback", "text": "Anything?", "kind": "text"},
]
FULL: dict[str, Any] = {
    "comprehension": COMPREHENSION,
    "attention": {"count": 2},
    "practice": PRACTICE,
    "questionnaire": QUESTIONNAIRE,
    "comment": "optional",
}


def launch(database: Database, **changes: Any) -> None:
    with database.transaction(writing=True) as session:
        make_study(session, **changes)


def count(database: Database, table: type[Base]) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def only_participant(database: Database) -> Participant:
    with database.transaction() as session:
        return session.scalars(select(Participant)).one()


def problems(database: Database) -> list[str]:
    with database.snapshot() as session:
        return check.check(session, "small").problems


def test_the_whole_path_stores_everything_once(web: TestClient, database: Database) -> None:
    launch(database, **FULL)
    walker = Walker(web)
    walker.start()
    places = [walker.place]
    while walker.place != "done":
        if walker.place == "comprehension":
            walker.send(question_1="2")
        elif walker.place == "questionnaire":
            walker.send(answer_1="2", answer_2="  fine\r\nthanks ")
        elif walker.place.startswith("rate/"):
            walker.send(rating_1="5", rating_2="2", comment=" = odd ")
        else:
            walker.answer()
        places.append(walker.place)
    assert places[:5] == ["consent", "instructions", "comprehension", "practice/1", "rate/1"]
    assert sorted(places[5:]) == sorted(
        ["rate/2", "rate/3", "rate/4", "check/1", "check/2", "questionnaire", "done"]
    )
    page = walker.look().text
    assert "DONE" in page
    assert "Debrief text" in page
    with database.transaction() as session:
        responses = session.scalars(select(Response)).all()
        assert [response.comment for response in responses] == ["= odd"] * 4
        assert all(response.shown_at and response.duration_ms is not None for response in responses)
        ratings = session.execute(
            select(Rating.construct, Rating.value, func.count()).group_by(Rating.construct, Rating.value)
        )
        assert sorted(ratings.all()) == [("completeness", 2, 4), ("plausibility", 5, 4)]
        kinds = session.execute(select(CheckAnswer.kind, func.count()).group_by(CheckAnswer.kind))
        assert dict(kinds.all()) == {"attention": 2, "comprehension": 1}
        answers = session.execute(select(QuestionnaireAnswer.key, QuestionnaireAnswer.value))
        assert dict(answers.all()) == {"age": "old", "feedback": "fine\nthanks"}
        person = session.scalars(select(Participant)).one()
        assert (person.status, person.items_answered, person.mode) == ("completed", 4, "people")
        assert person.consented_at is not None
        assert person.finished_at is not None
    assert problems(database) == []


def test_answered_pages_lead_on_and_a_repeated_submission_changes_nothing(
    web: TestClient, database: Database
) -> None:
    launch(database)
    walker = Walker(web)
    walker.start()
    walker.prepare()
    first = walker.path
    fields = form_of(walker.look()).fields | {"rating_1": "5", "rating_2": "5"}
    assert web.post(first, data=fields).headers["location"].endswith("rate/2")
    again = web.post(first, data=fields | {"rating_1": "1"})
    assert (again.status_code, again.headers["location"][-6:]) == (303, "rate/2")
    assert web.get(first).headers["location"].endswith("rate/2")
    ahead = first.replace("rate/1", "rate/4")
    assert web.get(ahead).headers["location"].endswith("rate/2")
    assert web.post(ahead, data=fields | {"position": "4"}).headers["location"].endswith("rate/2")
    assert web.post(first.replace("rate/1", "questionnaire"), data={}).headers["location"].endswith("rate/2")
    with database.transaction() as session:
        assert session.scalars(select(Rating.value)).all() == [5, 5]
    assert problems(database) == []


def test_a_missing_rating_brings_the_page_back_with_what_was_chosen(
    web: TestClient, database: Database
) -> None:
    launch(database, comment="required")
    walker = Walker(web)
    walker.start()
    walker.prepare()
    answer = walker.send(rating_1="4", comment="because")
    assert answer.status_code == 422
    assert ">Please choose an answer.<" in answer.text
    assert re.search(
        r'name="rating_1"[^>]*value="4"[^>]*checked|value="4"[^>]*name="rating_1"[^>]*checked', answer.text
    )
    assert "because" in answer.text
    for bad in ("0", "6", "x", "-1", "1.5", "٣", "1" * 50):
        assert walker.send(rating_1="4", rating_2=bad, comment="because").status_code == 422
    assert walker.send(rating_1="4", rating_2="4", comment="  ").status_code == 422
    assert walker.send(rating_1="4", rating_2="4", comment="x" * 5001).status_code == 422
    assert count(database, Response) == 0
    assert walker.send(rating_1="4", rating_2="4", comment="because").status_code == 303
    assert count(database, Rating) == 2


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


def signing_of(web: TestClient) -> Signing:
    app: Any = web.app
    signing: Signing = app.state.signing
    return signing


def other_browser(web: TestClient) -> TestClient:
    return TestClient(web.app, follow_redirects=False)


PROLIFIC = {
    "platform": "prolific",
    "codes": {"completed": "DONE", "screened_out": "OUT", "no_consent": "NO"},
}


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
    launch(database, recruitment={"platform": "sona", "codes": {"completed": "DONE"}})
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


def test_declining_keeps_only_a_keyed_hash_of_the_id(web: TestClient, database: Database) -> None:
    launch(database, recruitment=PROLIFIC)
    walker = Walker(web, query={"PROLIFIC_PID": "abc", "STUDY_ID": "s", "SESSION_ID": "t"})
    walker.start()
    walker.send(consent="no")
    assert walker.place == "declined"
    assert "NO" in walker.look().text
    person = only_participant(database)
    assert (person.status, person.external_id, person.parameters) == ("declined", None, {})
    assert person.external_hash is not None
    assert "abc" not in person.external_hash
    again = Walker(other_browser(web), query={"PROLIFIC_PID": "abc"})
    landing = again.web.get("/s/small", params=again.query)
    assert again.web.post("/s/small", data=form_of(landing).fields).status_code == 403
    assert count(database, Participant) == 1


def test_failing_the_last_comprehension_attempt_ends_with_the_screened_out_code(
    web: TestClient, database: Database
) -> None:
    launch(database, recruitment=PROLIFIC, comprehension=COMPREHENSION)
    walker = Walker(web, query={"PROLIFIC_PID": "abc"})
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
    walker = Walker(web, query={"PROLIFIC_PID": "abc"})
    walker.start()
    walker.send(consent="no")
    assert "return your submission on Prolific" in walker.look().text
    assert "DONE" not in walker.look().text


def test_attention_checks_are_stored_and_any_answer_goes_on(web: TestClient, database: Database) -> None:
    launch(database, attention={"count": 2})
    walker = Walker(web)
    walker.start()
    while walker.place != "done":
        if walker.place == "check/1":
            label = re.search(r"please choose [^A-Z]*([A-Z][a-z ]+[a-z])", walker.look().text)
            assert label
            options = form_of(walker.look()).choices["choice"]
            walker.send(choice=next(value for value, text in options.items() if text == label[1]))
        elif walker.place == "check/2":
            walker.send(choice="3")  # the midpoint, which is never asked for
        else:
            walker.answer()
    with database.transaction() as session:
        results = session.execute(select(CheckAnswer.number, CheckAnswer.is_correct))
        assert dict(results.all()) == {1: True, 2: False}
    person = only_participant(database)
    assert (person.checks_answered, person.checks_passed, person.status) == (2, 1, "completed")


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
    walker = Walker(web, query={"PROLIFIC_PID": "abc"})
    walker.start()
    walker.prepare()
    walker.answer()
    walker.answer()
    web.post(f"/p/{walker.code}/leave", data={"erase": "true"})
    assert count(database, Rating) == count(database, Response) == count(database, CheckAnswer) == 0
    assert only_participant(database).external_id is None
    assert problems(database) == []
    again = Walker(other_browser(web), query={"PROLIFIC_PID": "abc"})
    assert again.web.post("/s/small", data=form_of(again.landing()).fields).status_code == 403


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


def test_nothing_a_browser_gets_tells_condition_item_or_correctness(
    web: TestClient, database: Database
) -> None:
    launch(database)
    walker = Walker(web)
    walker.start()
    seen = ""
    while walker.place != "done":
        page = walker.look()
        seen += page.text + str(page.headers) + walker.path
        walker.answer()
    words = re.sub(r'value="[^"]*"|bundle-\w+ says why q\d+\.', "", seen.replace(walker.code, ""))
    with database.transaction() as session:
        for item in session.scalars(select(Item)):
            assert item.sha256 not in seen
            assert not re.search(rf"\b{item.question_key}\b", words)
    for secret in ("one", "two", "correct", "condition", "bundle", "item"):
        assert not re.search(rf"\b{secret}\b", words, re.IGNORECASE), secret


def test_own_answers_come_before_the_students_and_are_stored(web: TestClient, database: Database) -> None:
    launch(database, own_answer="before")
    walker = Walker(web)
    walker.start()
    walker.prepare()
    assert walker.place == "answer/1"
    assert "says why" not in walker.look().text
    assert walker.send().status_code == 422
    walker.send(choice="2")
    assert walker.place == "rate/1"
    assert "says why" in walker.look().text
    walker.finish()
    with database.transaction() as session:
        own = session.execute(select(Assignment.position, Assignment.own_answer)).all()
        assert dict(own) == {1: "no", 2: "yes", 3: "yes", 4: "yes"}


def test_the_first_time_of_showing_survives_reloading_and_a_blocked_submission(
    web: TestClient, database: Database
) -> None:
    launch(database)
    walker = Walker(web)
    walker.start()
    walker.prepare()
    before = datetime.now(UTC)
    first = form_of(walker.look()).fields["shown"]
    assert form_of(walker.look()).fields["shown"] == first
    assert form_of(walker.send(rating_1="3")).fields["shown"] == first
    walker.answer()
    assert form_of(walker.look()).fields["shown"] != first
    walker.send(rating_1="3", rating_2="3", shown="forged")
    with database.transaction() as session:
        times = session.execute(select(Response.shown_at, Response.duration_ms).order_by(Response.id)).all()
    assert abs((times[0].shown_at - before).total_seconds()) < 60
    assert times[1] == (None, None)  # a forged time is no time; the answer counts all the same


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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_random_construct_order_differs_between_people_and_not_between_items(
    web: TestClient, database: Database
) -> None:
    launch(database, design={"construct_order": "random"})
    orders = set()
    for _ in range(12):
        walker = Walker(other_browser(web))
        walker.start()
        walker.prepare()
        mine = [re.findall(r'name="(rating_\d)"[^>]*value="1"', walker.look().text)]
        walker.answer()
        mine.append(re.findall(r'name="(rating_\d)"[^>]*value="1"', walker.look().text))
        assert mine[0] == mine[1]
        orders.add(tuple(mine[0]))
    assert len(orders) == 2
