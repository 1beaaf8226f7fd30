"""The schema: up, down and up again on both databases, and the same as the models say."""

import json
from dataclasses import asdict, dataclass
from types import SimpleNamespace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError

from app.contract.text_measures import Measures, measure
from app.models import Assignment, Base, Explanation, Item, Participant, Question
from app.models.bundle import MEASURES
from app.web import migrations
from app.web.db import Database
from tests.factories import (
    make_bundle,
    make_checkpoint,
    make_question,
    make_question_set,
    make_run,
    make_study,
)

A_PERSON = """
    INSERT INTO participant (study_id, version_id, code, pseudonym, mode, is_counted, status, external_id,
        parameters, seed, is_late, comprehension_attempts, has_understood, practice_done, items_answered,
        has_own_answer, checks_answered, checks_passed, started_at, last_step_at, lapses_at)
    SELECT study_id, id, 'code', 'p', 'people', true, 'active', 'abc', '{}', 1, false, 0, true, 0, 0, false,
        0, 0, frozen_at, frozen_at, frozen_at FROM study_version
"""
AN_OLD_TEXT = """
    INSERT INTO explanation (run_id, bundle_id, question_id, predicted_answer, raw_text, shown_text,
        is_cut_off, flags)
    VALUES (:run, :bundle, :question, :answer, :shown, :shown, false, :flags)
"""
OLD_TEXTS = (  # the flags are those of then, which need not be those of now
    ("run", "yes", "The answer is no. It isn’t yes, don't  you know?", '["contradicting"]'),
    ("run", " Yes ", "So it is so. So it is so.", '["truncated"]'),
    ("run", None, "", '["missing_marker", "truncated", "empty"]'),
    ("bundle", "no", "Maybe, maybe not: 3.5 %", None),
)
NOTHING_NOTED = {
    "is_marker_missing": False,
    "is_truncated": False,
    "is_empty": False,
    "is_repetitive": False,
    "is_contradicting": False,
}
OLD_TEXTS_MEASURED = [
    NOTHING_NOTED
    | {
        "is_answer_correct": True,
        "answer_key": -8_468_587_467_965_759_119,
        "word_count": 10,
        "character_count": 48,
        "distractors_mentioned": 1,
        "is_contradicting": True,
    },
    NOTHING_NOTED
    | {
        "is_answer_correct": True,
        "answer_key": -8_468_587_467_965_759_119,
        "word_count": 8,
        "character_count": 25,
        "distractors_mentioned": 0,
        "is_truncated": True,
        "is_repetitive": True,
    },
    NOTHING_NOTED
    | {
        "is_answer_correct": False,
        "answer_key": -2_039_914_840_885_289_964,
        "word_count": 0,
        "character_count": 0,
        "distractors_mentioned": 0,
        "is_marker_missing": True,
        "is_truncated": True,
        "is_empty": True,
    },
    NOTHING_NOTED
    | {
        "is_answer_correct": False,
        "answer_key": -7_813_699_658_262_198_863,
        "word_count": 4,
        "character_count": 23,
        "distractors_mentioned": 1,
    },
]
MEASURED = select(*(getattr(Explanation, name) for name in MEASURES)).order_by(Explanation.id)
AN_ASSIGNMENT = """
    INSERT INTO assignment (participant_id, item_id, question_id, position, state)
    SELECT id, :item, :question, 1, 'reserved' FROM participant
"""


@dataclass(frozen=True, kw_only=True)
class LaterMeasures(Measures):
    line_count: int


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


def test_explanations_from_before_are_measured_and_going_down_gives_their_flags_back(
    database: Database, database_url: str
) -> None:
    with database.transaction(writing=True) as session:
        question_set = make_question_set(session, 0)
        bundle_id = make_bundle(
            session, question_set, "bundle"
        ).id  # explains nothing, since nothing is asked yet
        session.add_all(make_question(question_set, number) for number in (1, 2, 3))
        make_checkpoint(session)
        run_id = make_run(session).id
        questions = session.scalars(select(Question.id).order_by(Question.position)).all()
    migrations.downgrade(database_url, "0008")
    with database.transaction(writing=True) as session:
        for number, (source, answer, shown, flags) in zip([*questions, questions[0]], OLD_TEXTS, strict=True):
            sources = {"run": None, "bundle": None} | {source: {"run": run_id, "bundle": bundle_id}[source]}
            told = {"question": number, "answer": answer, "shown": shown, "flags": flags}
            session.execute(text(AN_OLD_TEXT), sources | told)
    migrations.upgrade(database_url)
    with database.transaction() as session:
        assert [row._asdict() for row in session.execute(MEASURED)] == OLD_TEXTS_MEASURED
    migrations.downgrade(database_url, "0008")
    with database.transaction() as session:
        noted = session.scalars(text("SELECT flags FROM explanation ORDER BY id")).all()
    assert [json.loads(one) if isinstance(one, str) else one for one in noted] == [
        ["contradicting"],
        ["truncated", "repetitive"],
        ["missing_marker", "truncated", "empty"],
        None,
    ]
    migrations.upgrade(database_url)


def test_a_measure_that_is_added_later_does_not_break_the_migration_that_knows_it_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = ScriptDirectory.from_config(migrations.alembic_config("sqlite://")).get_revision("0009")
    assert found is not None
    monkeypatch.setattr(
        found.module, "measure", lambda *given: LaterMeasures(**asdict(measure(*given)), line_count=1)
    )
    row = SimpleNamespace(
        id=1, flags=None, shown_text="So.", predicted_answer="no", choices=["yes", "no"], correct_answer="no"
    )
    assert found.module.measured(row).keys() == {"number", *found.module.MEASURES}


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
