"""The schema of migrations and models is one; a migration is preceded by a backup."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

import app.accounts.model
import app.cookies.model
import app.downloads.model
import app.library.change_model
import app.library.model
import app.library.print_model
import app.library.rename_model
import app.library.sound_model
import app.lookups.model
import app.rules.model
import app.tell.model  # noqa: F401
from app.db import Base, Database
from app.errors import InlayError
from app.migrate import back_up, migrate, newest_version, version_of


def written(file: Path) -> list[str]:
    """What the inspector does not know: triggers, views and virtual tables, and what indexes leave out."""
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute(
            "SELECT sql FROM sqlite_master WHERE type IN ('trigger', 'view') OR sql LIKE 'CREATE VIRTUAL%'"
            " OR (type = 'index' AND sql LIKE '%WHERE%')"
        )
        return sorted(" ".join(sql.split()) for (sql,) in found)


def schema(file: Path) -> dict[str, object]:
    inspector = inspect(create_engine(f"sqlite:///{file}"))
    return {
        table: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)],
            sorted((i["name"], tuple(i["column_names"]), i["unique"]) for i in inspector.get_indexes(table)),
            sorted(tuple(f["constrained_columns"]) for f in inspector.get_foreign_keys(table)),
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def triggers(file: Path) -> dict[str, str]:
    with closing(sqlite3.connect(file)) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))


def test_migrations_from_nothing_give_the_models_schema(tmp_path: Path) -> None:
    migrated, made = tmp_path / "migrated.db", tmp_path / "made.db"
    migrate(migrated)
    database = Database(made)
    Base.metadata.create_all(database.engine)
    database.close()
    assert schema(migrated) == schema(made)
    assert written(migrated) == written(made)
    assert triggers(migrated) == triggers(made)
    assert version_of(migrated) == newest_version()


def test_a_pending_step_is_preceded_by_a_backup(tmp_path: Path) -> None:
    file = tmp_path / "inlay.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "CREATE TABLE alembic_version (version_num VARCHAR(32));"
            "INSERT INTO alembic_version VALUES ('0000');"
        )
    with pytest.raises(InlayError):
        migrate(file)
    [backup] = (tmp_path / "backups").glob("*.db")
    assert version_of(backup) == "0000"


def test_an_up_to_date_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "inlay.db"
    migrate(file)
    before = file.stat().st_mtime_ns
    migrate(file)
    assert file.stat().st_mtime_ns == before
    assert not (tmp_path / "backups").exists()


def test_a_newer_database_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "inlay.db"
    migrate(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(InlayError, match="newer Inlay"):
        migrate(file)


def test_a_damaged_database_is_never_replaced_by_an_empty_one(tmp_path: Path) -> None:
    file = tmp_path / "inlay.db"
    file.write_bytes(b"not a database, but a hundred and twenty bytes of something else entirely. " * 2)
    before = file.read_bytes()
    with pytest.raises(InlayError, match="damaged"):
        migrate(file)
    assert file.read_bytes() == before


def test_a_backup_is_complete_while_the_database_is_in_use(tmp_path: Path) -> None:
    file = tmp_path / "inlay.db"
    migrate(file)
    database = Database(file)
    with database.write() as session:
        session.add(app.accounts.model.User(name="Alice", name_key="alice", password_hash="x"))
        session.flush()
        backup = back_up(file, "test")
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


OF_0003_AND_LATER = """
DROP TABLE staged_prints;
DROP TABLE sound_alike;
DROP TABLE sound_words;
DROP TABLE sound_prints;
DROP TABLE identities;
DROP TABLE site_cookies;
ALTER TABLE downloads DROP COLUMN wants_cookies;
DROP TABLE sign_in_links;
DROP INDEX downloads_of_client;
ALTER TABLE downloads DROP COLUMN client_key;
DROP TABLE choices;
DROP TABLE moves;
DROP TABLE renamings;
DROP TABLE outbox;
DROP TABLE hooks;
DROP TRIGGER tracks_added;
DROP TRIGGER tracks_removed;
DROP TRIGGER tracks_changed;
DROP TABLE library_changes;
DROP TABLE spectra;
DROP TABLE unmeasured;
DROP INDEX ix_tracks_isrc;
DROP INDEX tracks_source_url;
DROP INDEX tracks_recording;
DROP INDEX downloads_of_link;
ALTER TABLE tracks DROP COLUMN isrc;
ALTER TABLE downloads DROP COLUMN fetch_again;
ALTER TABLE downloads DROP COLUMN duplicate_of;
ALTER TABLE downloads DROP COLUMN duplicate_by;
ALTER TABLE staged_tracks DROP COLUMN replaces;
ALTER TABLE users DROP COLUMN conflict;
DROP TABLE trashed;
DROP TABLE changes;
DROP TABLE lookups;
DROP TABLE rules;
ALTER TABLE downloads DROP COLUMN undo_until;
ALTER TABLE staged_tracks DROP COLUMN draft;
ALTER TABLE staged_tracks DROP COLUMN cover_edit;
ALTER TABLE staged_tracks DROP COLUMN applied;
ALTER TABLE staged_tracks DROP COLUMN trim_start_ms;
ALTER TABLE staged_tracks DROP COLUMN trim_end_ms;
DROP TABLE likes;
DROP TABLE tracks_fts;
DROP VIEW tracks_present;
DROP TRIGGER tracks_fts_insert;
DROP TRIGGER tracks_fts_delete;
DROP TRIGGER tracks_fts_update;
DROP INDEX tracks_by_name;
DROP INDEX tracks_by_artist;
DROP INDEX tracks_by_release;
DROP INDEX tracks_by_album_artist;
DROP INDEX tracks_by_lossless;
DROP INDEX tracks_by_site;
DROP INDEX tracks_by_user;
DROP INDEX tracks_by_seq;
ALTER TABLE tracks DROP COLUMN title_key;
ALTER TABLE tracks DROP COLUMN artist_key;
ALTER TABLE tracks DROP COLUMN album_key;
ALTER TABLE tracks DROP COLUMN album_artist_key;
ALTER TABLE tracks DROP COLUMN name_key;
ALTER TABLE tracks DROP COLUMN lossless;
ALTER TABLE tracks DROP COLUMN duration_ms;
ALTER TABLE tracks DROP COLUMN year;
ALTER TABLE tracks DROP COLUMN site;
ALTER TABLE tracks DROP COLUMN title_words;
ALTER TABLE tracks DROP COLUMN artist_words;
ALTER TABLE tracks DROP COLUMN album_words;
ALTER TABLE tracks DROP COLUMN seq;
ALTER TABLE tracks ADD COLUMN search VARCHAR NOT NULL DEFAULT '';
ALTER TABLE users DROP COLUMN language;
"""


TWO_TRACKS = """
INSERT INTO tracks (id, path, path_key, size_bytes, mtime_ns, inode, title, artist, album, album_artist, date,
    genre, source_url, source_id, has_cover, quality, search, added_at, missing_at) VALUES
    ('a', 'a.flac', 'a.flac', 1, 1, 1, 'Song (Official Video)', 'The Band', 'First - Single', '',
    '1999-01-02', '', 'https://www.music.example/1', '', 0,
    '{"codec":"flac","lossless":true,"duration_ms":61000}',
    'song', '2024-01-01 00:00:00', NULL),
    ('b', 'x/untagged.mp3', 'b', 1, 1, 2, '', '', '', '', '', '', '', '', 0, NULL, '',
    '2024-01-02 00:00:00', '2024-01-03 00:00:00');
"""


def test_a_database_without_lookups_gets_their_table_and_keeps_its_rows(tmp_path: Path) -> None:
    file = tmp_path / "inlay.db"
    migrate(file)
    database = Database(file)
    with database.write() as session:
        session.add(app.accounts.model.User(name="Alice", name_key="alice", password_hash="x"))
    database.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(OF_0003_AND_LATER)
        connection.executescript("UPDATE alembic_version SET version_num = '0002'")
        connection.executescript(TWO_TRACKS)
    migrate(file)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM users").fetchall() == [("Alice",)]
        assert connection.execute("SELECT count(*) FROM lookups").fetchone() == (0,)
        keys = "title_key, artist_key, album_key, album_artist_key, lossless, duration_ms, year, site"
        found = connection.execute(f"SELECT {keys} FROM tracks WHERE id = 'a'").fetchone()
        assert found == ("song", "band", "first", "band", 1, 61000, 1999, "music.example")
        assert connection.execute(f"SELECT {keys} FROM tracks WHERE id = 'b'").fetchone() == (
            *("", "", "", ""),
            *(None, None, None, ""),
        )
        match = "SELECT rowid FROM tracks_fts WHERE tracks_fts MATCH ?"
        assert connection.execute(match, ('" band"',)).fetchall() == [(1,)]
        assert connection.execute(match, ('" untagged"',)).fetchall() == []
        connection.execute("UPDATE tracks SET missing_at = NULL WHERE id = 'b'")
        assert connection.execute(match, ('" untagged"',)).fetchall() == [(2,)]
