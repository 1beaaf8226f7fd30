"""The schema: up, down and up again on both databases, and the same as the models say."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select

from app.models import Base, Item, Question
from app.web import migrations
from app.web.db import Database
from tests.factories import make_study


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
