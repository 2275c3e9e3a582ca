"""Finding: keys and words of every track, an index of the words, and what each user likes."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.library.derived import derive
from app.tags.model import Tags

revision = "0005"
down_revision = "0004"

BATCH = 1000
TEXTS = (
    *("title_key", "artist_key", "album_key", "album_artist_key", "name_key", "site"),
    *("title_words", "artist_words", "album_words"),
)
PRESENT = sa.text("missing_at IS NULL")
SEARCH_INDEX = (
    """
CREATE VIEW tracks_present AS
    SELECT seq, title_words, artist_words, album_words FROM tracks WHERE missing_at IS NULL""",
    """
CREATE VIRTUAL TABLE tracks_fts USING fts5(
    title_words, artist_words, album_words,
    content='tracks_present', content_rowid='seq', columnsize=0, tokenize='trigram'
)""",
    """
CREATE TRIGGER tracks_fts_insert AFTER INSERT ON tracks BEGIN
    UPDATE tracks SET seq = 1 + (SELECT coalesce(max(seq), 0) FROM tracks) WHERE rowid = new.rowid;
    INSERT INTO tracks_fts(rowid, title_words, artist_words, album_words)
        SELECT seq, new.title_words, new.artist_words, new.album_words FROM tracks
        WHERE rowid = new.rowid AND missing_at IS NULL;
END""",
    """
CREATE TRIGGER tracks_fts_delete AFTER DELETE ON tracks WHEN old.missing_at IS NULL BEGIN
    INSERT INTO tracks_fts(tracks_fts, rowid, title_words, artist_words, album_words)
        VALUES ('delete', old.seq, old.title_words, old.artist_words, old.album_words);
END""",
    """
CREATE TRIGGER tracks_fts_update AFTER UPDATE OF title_words, artist_words, album_words, missing_at ON tracks
WHEN (old.title_words, old.artist_words, old.album_words, old.missing_at IS NULL)
    IS NOT (new.title_words, new.artist_words, new.album_words, new.missing_at IS NULL)
BEGIN
    INSERT INTO tracks_fts(tracks_fts, rowid, title_words, artist_words, album_words)
        SELECT 'delete', old.seq, old.title_words, old.artist_words, old.album_words
        WHERE old.missing_at IS NULL;
    INSERT INTO tracks_fts(rowid, title_words, artist_words, album_words)
        SELECT new.seq, new.title_words, new.artist_words, new.album_words
        WHERE new.missing_at IS NULL;
END""",
)


def upgrade() -> None:
    op.create_table(
        "likes",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("track_id", sa.String(), nullable=False),
        sa.Column("liked_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["track_id"], ["tracks.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "track_id"),
    )
    op.create_index("likes_of_track", "likes", ["track_id"])
    op.execute("ALTER TABLE tracks DROP COLUMN search")
    for name in TEXTS[:4]:
        op.add_column("tracks", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("tracks", sa.Column("name_key", sa.String(), nullable=False, server_default=""))
    op.add_column("tracks", sa.Column("lossless", sa.Boolean(), nullable=True))
    op.add_column("tracks", sa.Column("duration_ms", sa.Integer(), nullable=True))
    op.add_column("tracks", sa.Column("year", sa.Integer(), nullable=True))
    for name in TEXTS[5:]:
        op.add_column("tracks", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("tracks", sa.Column("seq", sa.Integer(), nullable=True))
    _fill(op.get_bind())
    for name, columns in (
        ("tracks_by_name", ["name_key", "id"]),
        ("tracks_by_artist", ["artist_key", "artist"]),
        ("tracks_by_release", ["album_key", "album_artist_key"]),
        ("tracks_by_album_artist", ["album_artist_key", "name_key"]),
        ("tracks_by_lossless", ["lossless", "added_at", "id"]),
        ("tracks_by_site", ["site", "added_at", "id"]),
        ("tracks_by_user", ["user_id", "added_at", "id"]),
    ):
        op.create_index(name, "tracks", columns, sqlite_where=PRESENT)
    found = ["seq", "lossless", "site", "user_id", "added_at", "id"]
    op.create_index("tracks_by_seq", "tracks", found)
    for statement in SEARCH_INDEX:
        op.execute(statement)
    op.execute("INSERT INTO tracks_fts(tracks_fts) VALUES ('rebuild')")


def _fill(connection: sa.Connection) -> None:
    """The new columns of the tracks that are there, in the order in which they came."""
    tags = ("title", "artist", "album", "album_artist", "date", "source_url")
    wanted = sa.text(f"SELECT id, path, quality, {', '.join(tags)} FROM tracks ORDER BY added_at, id")
    rows = connection.execute(wanted).mappings().all()
    names = (*TEXTS, "lossless", "duration_ms", "year", "seq")
    write = sa.text(f"UPDATE tracks SET {', '.join(f'{name} = :{name}' for name in names)} WHERE id = :id")
    for start in range(0, len(rows), BATCH):
        values: list[dict[str, Any]] = []
        for seq, row in enumerate(rows[start : start + BATCH], start=start + 1):
            quality = json.loads(row["quality"]) if row["quality"] else None
            values.append(
                {
                    "id": row["id"],
                    "seq": seq,
                    "lossless": quality["lossless"] if quality else None,
                    "duration_ms": quality.get("duration_ms") if quality else None,
                    **derive(Tags(**{name: row[name] for name in tags}), row["path"]),
                }
            )
        connection.execute(write, values)
