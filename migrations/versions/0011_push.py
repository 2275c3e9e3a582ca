"""Web push: a hook may belong to a signed-in browser, and ends with its session."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    # Alembic adds a foreign key on SQLite only by building the table anew, which takes the outbox with it.
    op.execute("ALTER TABLE hooks ADD COLUMN session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE")
    op.create_index("ix_hooks_session_id", "hooks", ["session_id"])
