"""Runs migrations against the address the caller gives, else the one the environment names."""

from alembic import context

from app.models import Base
from app.settings import Settings
from app.web.db import Database


def run() -> None:
    url = context.config.attributes.get("url") or Settings().url
    database = Database(url)
    # `writing` makes SQLite take its one write lock at once, so two migrating processes queue up.
    with database.engine.connect().execution_options(writing=True) as connection:
        if database.is_sqlite:
            # Where a table is made anew, its rows are gone for a moment, which other tables' keys forbid.
            # Inside a transaction this would do nothing, so it goes to the driver before there is one.
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=database.is_sqlite,
            transaction_per_migration=False,
            user_module_prefix="app.models.",
        )
        with context.begin_transaction():
            context.run_migrations()
            if database.is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise RuntimeError("A migration left rows behind that refer to nothing; it was taken back.")
    database.engine.dispose()


run()
