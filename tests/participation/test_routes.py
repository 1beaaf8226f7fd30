"""The participant's path through its pages, on both databases, read back from the rows."""

import re
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.models import (
    Assignment,
    CheckAnswer,
    Item,
    Participant,
    QuestionnaireAnswer,
    Rating,
    Response,
)
from app.web.db import Database
from tests.participation.paths import (
    FULL,
    QUESTIONNAIRE,
    count,
    launch,
    only_participant,
    other_browser,
    problems,
)
from tests.walker import Walker, form_of


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


def test_ratings_of_another_item_than_the_address_names_are_not_stored(
    web: TestClient, database: Database
) -> None:
    launch(database)
    walker = Walker(web)
    walker.start()
    walker.prepare()
    walker.answer()
    fields = {**form_of(walker.look()).fields, "rating_1": "5", "rating_2": "5"}
    assert fields.pop("position") == "2"
    for named in ({}, *({"position": number} for number in ("", "1", "3", "02"))):
        answer = web.post(walker.path, data={**fields, **named})
        assert (answer.status_code, answer.headers["location"]) == (303, walker.path)
    with database.transaction() as session:
        assert session.scalars(select(Rating.value)).all() == [4, 4]


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


def test_a_questionnaire_answer_that_is_no_option_counts_as_left_out(
    web: TestClient, database: Database
) -> None:
    launch(database, questionnaire=QUESTIONNAIRE)
    walker = Walker(web)
    walker.start()
    while walker.place != "questionnaire":
        walker.answer()
    walker.send(answer_1="9" * 5000, answer_2="")
    assert walker.place == "done"
    assert count(database, QuestionnaireAnswer) == 0
