"""What said that a skipped download is a duplicate."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    kind = sa.Enum("names", "isrc", "source", "sound", name="reason", native_enum=False)
    op.add_column("downloads", sa.Column("duplicate_by", kind, nullable=True))
