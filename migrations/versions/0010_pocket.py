"""A link that waited on a phone is handed in once; one-time links that sign a phone in."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("downloads", sa.Column("client_key", sa.String(), nullable=True))
    op.create_index("downloads_of_client", "downloads", ["user_id", "client_key"], unique=True)
    op.create_table(
        "sign_in_links",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id"),
        sa.UniqueConstraint("code_hash"),
    )
