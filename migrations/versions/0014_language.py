"""The language that a user chose."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("users", sa.Column("language", sa.String(), nullable=False, server_default=""))
