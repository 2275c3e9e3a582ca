"""The first tables: users, sessions, tokens, downloads, staged tracks, library tracks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "tracks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("path_key", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("artist", sa.String(), nullable=False),
        sa.Column("album", sa.String(), nullable=False),
        sa.Column("album_artist", sa.String(), nullable=False),
        sa.Column("track_no", sa.Integer(), nullable=True),
        sa.Column("disc_no", sa.Integer(), nullable=True),
        sa.Column("date", sa.String(), nullable=False),
        sa.Column("genre", sa.String(), nullable=False),
        sa.Column("source_url", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("has_cover", sa.Boolean(), nullable=False),
        sa.Column("quality", sa.JSON(), nullable=True),
        sa.Column("source_quality", sa.JSON(), nullable=True),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("download_id", sa.String(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.Column("missing_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("tracks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tracks_download_id"), ["download_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tracks_source_id"), ["source_id"], unique=False)
        batch_op.create_index("tracks_file", ["inode", "size_bytes"], unique=False)
        batch_op.create_index("tracks_newest", ["added_at", "id"], unique=False)
        batch_op.create_index("tracks_path", ["path"], unique=False)
        batch_op.create_index(
            "tracks_path_key", ["path_key"], unique=True, sqlite_where=sa.text("missing_at IS NULL")
        )

    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("name_key"),
    )
    op.create_table(
        "downloads",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("url_key", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "probing",
                "downloading",
                "review",
                "finalizing",
                "done",
                "failed",
                "cancelled",
                "discarded",
                "skipped",
                name="state",
                native_enum=False,
            ),
            nullable=False,
        ),
        sa.Column("failure_kind", sa.String(), nullable=True),
        sa.Column("failure_message", sa.String(), nullable=True),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("quality", sa.String(), nullable=False),
        sa.Column("skip_review", sa.Boolean(), nullable=False),
        sa.Column("confirm_lossy", sa.Boolean(), nullable=False),
        sa.Column("conflict", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("uploader", sa.String(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("downloads", schema=None) as batch_op:
        batch_op.create_index("downloads_by_state", ["state", "site"], unique=False)
        batch_op.create_index("downloads_of_user", ["user_id", "id"], unique=False)
        batch_op.create_index(
            "downloads_open_link",
            ["user_id", "url_key"],
            unique=True,
            sqlite_where=sa.text("state IN ('queued','probing','downloading','review','finalizing')"),
        )

    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tokens_user_id"), ["user_id"], unique=False)

    op.create_table(
        "staged_tracks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("download_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("info", sa.JSON(), nullable=False),
        sa.Column("proposal", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=True),
        sa.Column("source_file", sa.String(), nullable=False),
        sa.Column("source_quality", sa.JSON(), nullable=False),
        sa.Column("thumbnail_file", sa.String(), nullable=True),
        sa.Column("cover_file", sa.String(), nullable=True),
        sa.Column("with_cover", sa.Boolean(), nullable=False),
        sa.Column(
            "conversion",
            sa.Enum("waiting", "running", "done", "failed", name="conversion", native_enum=False),
            nullable=False,
        ),
        sa.Column("converted_file", sa.String(), nullable=True),
        sa.Column("converted_quality", sa.JSON(), nullable=True),
        sa.Column("path", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("library_track_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["download_id"], ["downloads.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("staged_tracks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staged_tracks_download_id"), ["download_id"], unique=False)
