"""Duplicates: what tells recordings apart, and what each user wants done with them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("tracks", sa.Column("isrc", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_tracks_isrc", "tracks", ["isrc"])
    op.create_index("tracks_source_url", "tracks", ["source_url"])
    op.create_index(
        "tracks_recording",
        "tracks",
        ["artist_key", "title_key", "album_key", "missing_at"],
        sqlite_where=sa.text("missing_at IS NULL"),
    )
    # Foreign files may have one: the next scan opens them again. Ours have none yet.
    op.execute("UPDATE tracks SET mtime_ns = 0 WHERE download_id IS NULL AND missing_at IS NULL")
    op.add_column(
        "downloads", sa.Column("fetch_again", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("downloads", sa.Column("duplicate_of", sa.String(), nullable=True))
    op.create_index("downloads_of_link", "downloads", ["url_key"])
    op.add_column("staged_tracks", sa.Column("replaces", sa.String(), nullable=True))
    op.add_column("users", sa.Column("conflict", sa.String(), nullable=True))
