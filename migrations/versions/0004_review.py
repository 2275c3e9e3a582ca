"""Review: drafts, cuts, covers and candidates that were chosen; rules; an add that can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "rules",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("channel_name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rules_of_channel", "rules", ["user_id", "site", "channel", "kind"], unique=True)
    # One statement a column: a batch would build the table anew, and staged tracks go with their download.
    for name in ("draft", "cover_edit", "applied"):
        op.add_column("staged_tracks", sa.Column(name, sa.JSON(), nullable=True))
    for name in ("trim_start_ms", "trim_end_ms"):
        op.add_column("staged_tracks", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("downloads", sa.Column("undo_until", sa.DateTime(), nullable=True))
