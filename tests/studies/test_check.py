from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.contract.base import sha256_of
from app.errors import Conflict, NotFound
from app.models import (
    Assignment,
    Item,
    OrderRow,
    Participant,
    Rating,
    Response,
    StudyVersion,
)
from app.studies.check import Check, check
from app.studies.service import launch, save_draft
from app.web.db import Database
from tests.factories import make_definition, make_study
from tests.walker import Walker


@pytest.fixture
def answered(web: TestClient, database: Database) -> Database:
    """A study of which one person has answered everything and another half."""
    with database.transaction(writing=True) as session:
        make_study(session)
    walker = Walker(web)
    walker.start()
    walker.finish()
    web.cookies.clear()
    halfway = Walker(web)
    halfway.start()
    halfway.prepare()
    halfway.answer()
    halfway.answer()
    return database


def checked(database: Database) -> Check:
    with database.snapshot() as session:
        return check(session, "small")


def test_a_study_that_is_as_it_should_be_has_no_problems(answered: Database) -> None:
    found = checked(answered)
    assert found == Check(
        problems=[],
        participants=2,
        completed=1,
        responses=6,
        ratings=12,
        items=16,
        target=2,
        least_answers=0,
        most_answers=1,
        position_spread=1,
    )


def test_people_who_left_were_excluded_or_follow_a_new_version_are_no_problem(
    web: TestClient, answered: Database
) -> None:
    with answered.transaction(writing=True) as session:
        save_draft(session, make_definition(constructs=[make_definition().constructs[0].model_dump()]))
        launch(session, "small")
    for erase in ({}, {"erase": "true"}):
        web.cookies.clear()
        walker = Walker(web)
        code = walker.start()
        walker.prepare()
        walker.answer()
        assert web.post(f"/p/{code}/leave", data=erase).status_code == 303
    web.cookies.clear()
    walker = Walker(web)
    walker.start()
    walker.finish()
    found = checked(answered)
    assert found.problems == []
    assert (found.participants, found.completed, found.responses, found.ratings) == (5, 2, 11, 17)
    assert (found.least_answers, found.most_answers) == (0, 1)


def first(session: Session, table: Any) -> Any:
    return session.scalars(select(table).order_by(table.id).limit(1)).one()


def answered_counter(session: Session) -> str:
    item = first(session, Item)
    item.answered += 1
    return f"item {item.id}: {item.answered} answered kept, {item.answered - 1} counted"


def reserved_counter(session: Session) -> str:
    item = first(session, Item)
    item.reserved += 2
    return f"item {item.id}: {item.reserved} reserved kept, {item.reserved - 2} counted"


def order_row_counter(session: Session) -> str:
    row = session.scalars(select(OrderRow).limit(1)).one()
    row.uses += 1
    return f"order row {row.row}: {row.uses} kept, {row.uses - 1} counted"


def explanation_of_an_item(session: Session) -> str:
    item = first(session, Item)
    item.explanation += " Or so."
    return f"item {item.id}: its text is not the one that was frozen"


def premise_of_an_item(session: Session) -> str:
    item = first(session, Item)
    item.premise = "It rains."
    return f"item {item.id}: its text is not the one that was frozen"


def choices_of_an_item(session: Session) -> str:
    item = first(session, Item)
    item.choices = ["yes", "no", "perhaps"]
    return f"item {item.id}: its text is not the one that was frozen"


def text_and_hash_of_an_item(session: Session) -> str:
    item = first(session, Item)
    item.answer = "no"
    shown = {key: getattr(item, key) for key in ("question", "choices", "answer", "explanation")}
    item.sha256 = sha256_of(shown)
    return "version 1: its items are not the ones that were frozen"


def correctness_of_an_item(session: Session) -> str:
    item = first(session, Item)
    item.is_answer_correct = not item.is_answer_correct
    return f"item {item.id}: "


def missing_item(session: Session) -> str:
    unused = select(Item.id).where(Item.id.not_in(select(Assignment.item_id))).limit(1)
    session.execute(delete(Item).where(Item.id == session.scalars(unused).one()))
    return "version 1: its items are not the ones that were frozen"


def missing_rating(session: Session) -> str:
    response = first(session, Response)
    session.execute(
        delete(Rating).where(Rating.response_id == response.id, Rating.construct == "plausibility")
    )
    return "1 responses without all their ratings"


def missing_ratings(session: Session) -> str:
    session.execute(delete(Rating).where(Rating.response_id == first(session, Response).id))
    return "1 responses without all their ratings"


def missing_response(session: Session) -> str:
    response = first(session, Response)
    session.execute(delete(Rating).where(Rating.response_id == response.id))
    session.execute(delete(Response).where(Response.id == response.id))
    return "1 assignments whose state and response disagree"


def progress_of_a_participant(session: Session) -> str:
    person = first(session, Participant)
    person.items_answered -= 1
    return f"participant {person.pseudonym}: 3 items answered by its row, 4 responses stored"


def title_of_the_definition(session: Session) -> str:
    version = first(session, StudyVersion)
    version.definition = version.definition | {"title": "Another title"}
    return "version 1: the definition is not the one that was frozen"


def definition_no_longer_valid(session: Session) -> str:
    version = first(session, StudyVersion)
    version.definition = version.definition | {"slug": "No Slug"}
    return "version 1: the definition is not the one that was frozen"


def hash_of_the_definition(session: Session) -> str:
    session.execute(update(StudyVersion).values(definition_sha256="0" * 64))
    return "version 1: the definition is not the one that was frozen"


TAMPERINGS = [
    answered_counter,
    reserved_counter,
    order_row_counter,
    explanation_of_an_item,
    premise_of_an_item,
    choices_of_an_item,
    text_and_hash_of_an_item,
    correctness_of_an_item,
    missing_item,
    missing_rating,
    missing_ratings,
    missing_response,
    progress_of_a_participant,
    title_of_the_definition,
    definition_no_longer_valid,
    hash_of_the_definition,
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_whatever_was_tampered_with_is_found(answered: Database, tamper: Callable[[Session], str]) -> None:
    with answered.transaction(writing=True) as session:
        expected = tamper(session)
    assert [problem for problem in checked(answered).problems if problem.startswith(expected)]


def test_a_study_that_is_not_there_or_was_never_launched_cannot_be_checked(session: Session) -> None:
    make_study(session, launch=False)
    with pytest.raises(Conflict, match="'small' was never launched; there is nothing to check yet"):
        check(session, "small")
    with pytest.raises(NotFound, match=r"Studies: small\."):
        check(session, "smal")
