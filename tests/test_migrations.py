"""The schema: up, down and up again on both databases, and the same as the models say."""

import json

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

from app.models import Assignment, Base, Explanation, Item, Participant, Question
from app.models.bundle import MEASURES
from app.web import migrations
from app.web.db import Database
from tests.factories import make_bundle, make_checkpoint, make_question_set, make_run, make_study

A_PERSON = """
    INSERT INTO participant (study_id, version_id, code, pseudonym, mode, is_counted, status, external_id,
        parameters, seed, is_late, comprehension_attempts, has_understood, practice_done, items_answered,
        has_own_answer, checks_answered, checks_passed, started_at, last_step_at, lapses_at)
    SELECT study_id, id, 'code', 'p', 'people', true, 'active', 'abc', '{}', 1, false, 0, true, 0, 0, false,
        0, 0, frozen_at, frozen_at, frozen_at FROM study_version
"""
MEASURED = select(Explanation.id, *(getattr(Explanation, name) for name in MEASURES)).order_by(Explanation.id)
AN_ASSIGNMENT = """
    INSERT INTO assignment (participant_id, item_id, question_id, position, state)
    SELECT id, :item, :question, 1, 'reserved' FROM participant
"""


def test_migrating_down_and_up_again_leaves_the_models_schema(database: Database, database_url: str) -> None:
    assert set(Base.metadata.tables) < set(inspect(database.engine).get_table_names())
    migrations.downgrade(database_url)
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}
    migrations.upgrade(database_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_revision() == migrations.newest_revision()


def test_every_constraint_has_a_name(database: Database) -> None:
    found = inspect(database.engine)
    for table in Base.metadata.tables:
        names = [
            key["name"] for key in (*found.get_foreign_keys(table), *found.get_unique_constraints(table))
        ]
        names += [check["name"] for check in found.get_check_constraints(table)]
        assert all(names), table


def test_going_down_to_the_first_schema_and_up_again_keeps_the_studies_there_are(
    database: Database, database_url: str
) -> None:
    with database.transaction(writing=True) as session:
        make_study(session)
        session.scalars(select(Question)).first().premise = "It rains."  # type: ignore[union-attr]
    migrations.downgrade(database_url, "0001")
    assert "premise" not in {column["name"] for column in inspect(database.engine).get_columns("item")}
    migrations.upgrade(database_url)
    with database.transaction() as session:
        assert len(session.scalars(select(Item.sha256)).all()) == 16
        assert set(session.scalars(select(Question.premise))) == {None}


def test_explanations_from_before_are_measured_as_new_ones(database: Database, database_url: str) -> None:
    told = {
        "yes": "The answer is yes. It's no  maybe.",
        "no": "The answer is yes. So it is so. So it is so.",
        "Straße": "हिन्दी में",
        "maybe": None,
    }
    with database.transaction(writing=True) as session:
        question_set = make_question_set(session, 4)
        make_bundle(session, question_set, "bundle")
        make_checkpoint(session)
        answers = iter(told.items())
        make_run(session, told=lambda _: next(answers))
        odd = session.scalars(select(Explanation).where(Explanation.predicted_answer == "maybe")).one()
        odd.is_truncated = odd.is_marker_missing = True
        session.flush()
        before = session.execute(MEASURED).all()
    migrations.downgrade(database_url, "0008")
    with database.transaction() as session:
        flags = "SELECT flags FROM explanation WHERE predicted_answer = :answer"
        noted = session.scalar(text(flags), {"answer": "maybe"})
        assert (json.loads(noted) if isinstance(noted, str) else noted) == [
            *("missing_marker", "truncated", "empty")
        ]
    migrations.upgrade(database_url)
    with database.transaction() as session:
        assert session.execute(MEASURED).all() == before
    assert len(before) == 8
    assert {row.is_contradicting for row in before} == {row.is_repetitive for row in before} == {True, False}


def test_people_under_way_and_every_rule_of_their_table_survive_the_table_being_made_anew(
    database: Database, database_url: str
) -> None:
    with database.transaction(writing=True) as session:
        make_study(session)
    migrations.downgrade(database_url, "0004")
    before = {one["name"] for one in inspect(database.engine).get_check_constraints("participant")}
    with database.transaction(writing=True) as session:
        session.execute(text(A_PERSON))
        item = session.scalars(select(Item)).first()
        assert item is not None
        session.execute(text(AN_ASSIGNMENT), {"item": item.id, "question": item.question_id})
    migrations.upgrade(database_url)
    found = inspect(database.engine)
    assert {one["name"] for one in found.get_check_constraints("participant")} == before
    with database.transaction(writing=True) as session:
        person = session.scalars(select(Participant)).one()
        assert (person.external_id, person.visit_number, person.is_same_id) == ("abc", 1, False)
        assert session.scalars(select(Assignment.participant_id)).one() == person.id
        person.status = "replaced"
    for wrong in ("mode = 'x'", "status = 'x'"):
        with pytest.raises(IntegrityError), database.transaction(writing=True) as session:
            session.execute(text(f"UPDATE participant SET {wrong}"))  # noqa: S608  # our own words
