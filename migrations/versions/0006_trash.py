"""The trash, and the journal of what was done to the library."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "trashed",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("track_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("place", sa.String(length=9), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("trashed_at", sa.DateTime(), nullable=False),
        sa.Column("gone_at", sa.DateTime(), nullable=True),
        sa.Column("restored_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("trashed_by_place", "trashed", ["place", "trashed_at"])
    op.create_index("trashed_of_track", "trashed", ["track_id"])
    op.create_table(
        "changes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("track_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("path_before", sa.String(), nullable=True),
        sa.Column("path_after", sa.String(), nullable=True),
        sa.Column("sha256_before", sa.String(), nullable=True),
        sa.Column("sha256_after", sa.String(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("trashed_id", sa.String(), nullable=True),
        sa.Column("from_trash_id", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("undoes", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("done_at", sa.DateTime(), nullable=True),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "changes_under_way", "changes", ["track_id"], unique=True, sqlite_where=sa.text("done_at IS NULL")
    )
    op.create_index("changes_of_user", "changes", ["user_id", "id"])
    op.create_index("changes_of_track", "changes", ["track_id", "id"])
    op.create_index("ix_changes_owner", "changes", ["owner"])
