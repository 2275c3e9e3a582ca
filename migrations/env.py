"""Alembic's entry: runs the pending steps on the database that `app.migrate` names."""

from alembic import context

import app.accounts.model
import app.downloads.model
import app.library.model
import app.lookups.model
import app.rules.model  # noqa: F401  (all tables must be known here)
from app.db import Base, Database

database = Database(context.config.attributes["database"])
with database.engine.execution_options(inlay_begin="BEGIN IMMEDIATE").connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
database.close()
