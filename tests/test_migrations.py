"""The schema: up, down and up again on both databases, and the same as the models say."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from app.models import Base
from app.web import migrations
from app.web.db import Database


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
