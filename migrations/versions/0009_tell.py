"""Telling others: hooks, their outbox, a count of the library's changes that triggers keep; renamings."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "hooks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("events", sa.String(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(), nullable=True),
        sa.Column("ok_at", sa.DateTime(), nullable=True),
        sa.Column("failed_at", sa.DateTime(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_hooks_user_id", "hooks", ["user_id"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hook_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["hook_id"], ["hooks.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_outbox_hook_id", "outbox", ["hook_id"])
    op.create_table(
        "library_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("added", "changed", "renamed", "removed")
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("INSERT INTO library_changes VALUES (1, 0, 0, 0, 0)")
    op.create_table(
        "choices",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "renamings",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(length=7), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "moves",
        sa.Column("renaming_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("track_id", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("done", sa.String(length=7), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["renaming_id"], ["renamings.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("renaming_id", "position"),
    )
    op.create_index("moves_open", "moves", ["renaming_id", "done", "position"])
    # A later step that builds `tracks` anew takes these with it, and has to make them again.
    op.execute(
        "CREATE TRIGGER tracks_added AFTER INSERT ON tracks WHEN NEW.missing_at IS NULL "
        "BEGIN UPDATE library_changes SET added = added + 1; END"
    )
    op.execute(
        "CREATE TRIGGER tracks_removed AFTER DELETE ON tracks WHEN OLD.missing_at IS NULL "
        "BEGIN UPDATE library_changes SET removed = removed + 1; END"
    )
    op.execute(
        "CREATE TRIGGER tracks_changed AFTER UPDATE OF path, size_bytes, mtime_ns, missing_at ON tracks "
        "WHEN OLD.path IS NOT NEW.path OR OLD.size_bytes IS NOT NEW.size_bytes "
        "OR OLD.mtime_ns IS NOT NEW.mtime_ns OR OLD.missing_at IS NOT NEW.missing_at "
        "BEGIN UPDATE library_changes SET "
        "added = added + (OLD.missing_at IS NOT NULL AND NEW.missing_at IS NULL), "
        "removed = removed + (OLD.missing_at IS NULL AND NEW.missing_at IS NOT NULL), "
        "renamed = renamed + (OLD.missing_at IS NULL AND NEW.missing_at IS NULL "
        "AND OLD.path IS NOT NEW.path), "
        "changed = changed + (OLD.missing_at IS NULL AND NEW.missing_at IS NULL "
        "AND OLD.path IS NEW.path); END"
    )
