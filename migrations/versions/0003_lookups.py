"""Lookups: what the music databases answered."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "lookups",
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("service", "key"),
    )
    op.create_index("lookups_oldest", "lookups", ["fetched_at"])
