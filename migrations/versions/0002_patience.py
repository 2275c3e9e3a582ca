"""Patience: when a download is tried again, how the sites are, and what each user took."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "sites",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("paused_until", sa.DateTime(), nullable=True),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.Column("succeeded_at", sa.DateTime(), nullable=True),
        sa.Column("failed_at", sa.DateTime(), nullable=True),
        sa.Column("failure_message", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "usage",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.DateTime(), nullable=False),
        sa.Column("downloads", sa.Integer(), nullable=False),
        sa.Column("fetched_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "hour"),
    )
    # One statement a column: a batch would build the table anew, and staged tracks go with their download.
    numbers = (("queue_order", sa.BigInteger()), ("fetched_bytes", sa.BigInteger()))
    counts = (("tries", sa.Integer()), ("crashes", sa.Integer()))
    for name, kind in (*numbers, *counts):
        op.add_column("downloads", sa.Column(name, kind, nullable=False, server_default="0"))
    op.add_column("downloads", sa.Column("retry_at", sa.DateTime(), nullable=True))
    # Those that wait keep their turn.
    op.execute("UPDATE downloads SET queue_order = CAST(strftime('%s', created_at) AS INTEGER) * 1000000")
