"""A damaged or missing database stops the start with the way back; `inlay backup` and `inlay restore`."""

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app import backup
from app.accounts import queries, sessions
from app.accounts.model import Scope
from app.errors import Conflict, InlayError, Invalid
from app.opening import check, open_database
from app.restore import restore
from app.settings import Settings
from tests.running import Inlay


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    """An installation with Alice and one good backup, used once."""
    with Inlay(tmp_path_factory.mktemp("installed")) as inlay:
        inlay.data.mkdir(mode=0o700)
        opened = open_database(settings_of(inlay.data))
        with opened.write() as session:
            alice = queries.create_user(session, "alice", "no password", is_admin=True)
            _, inlay.token = sessions.create_token(session, alice.id, Scope.FULL, "test")
        opened.close()
        (inlay.data / "secret").write_bytes(bytes(32))
        backup.back_up(inlay.data / "inlay.db", "daily")
        yield inlay


@pytest.fixture
def inlay(installed: Inlay, tmp_path: Path) -> Iterator[Inlay]:
    """A copy of it for each test."""
    shutil.copytree(installed.data, tmp_path / "home" / "data")
    with Inlay(tmp_path / "home") as copy:
        copy.token = installed.token
        yield copy


def settings_of(data: Path) -> Settings:
    return Settings(data_dir=data, library_dir=data.parent / "music")


def database(inlay: Inlay) -> Path:
    return inlay.data / "inlay.db"


def good_copy(inlay: Inlay) -> Path:
    return backup.copies(database(inlay))[0].file


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stdout
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("inlay: ")]
    assert "Traceback" not in done.stderr
    return line


def write_at(file: Path, offset: int, data: bytes) -> None:
    with file.open("r+b") as writer:
        writer.seek(offset)
        writer.write(data)


def without_tables(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("CREATE TABLE x (y); DROP TABLE x;")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda file: os.truncate(file, file.stat().st_size // 2),
    "zeroed in the middle": lambda file: write_at(file, 8 * 4096, bytes(4 * 4096)),
    "zeroed at its start": lambda file: write_at(file, 0, bytes(4096)),
    "without its schema": lambda file: write_at(file, 100, bytes(3996)),
    "something else": lambda file: file.write_text("a shopping list " * 2000),
    "without a readable journal": lambda file: Path(f"{file}-wal").mkdir(),
    "gone": lambda file: file.unlink(),
    "empty": lambda file: os.truncate(file, 0),
    "without tables": without_tables,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_database_that_is_not_whole_stops_the_start_and_names_the_newest_good_backup(
    damage: str, inlay: Inlay
) -> None:
    file, older = database(inlay), good_copy(inlay)
    newer = backup.folder_of(file) / older.name.replace("daily", "before-0001").replace(
        "inlay-20", "inlay-21"
    )
    newer.write_bytes(older.read_bytes()[:9000])
    DAMAGES[damage](file)
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(InlayError) as stopped:
        check(file)
    assert stopped.value.message.endswith(f"inlay restore {older}")
    assert f"of {backup.taken_at(older):%Y-%m-%d %H:%M} UTC" in stopped.value.message
    assert (file.read_bytes() if file.is_file() else None) == before
    assert ("begin anew" in stopped.value.message) == (damage in ("gone", "empty", "without tables"))


@pytest.mark.parametrize("left", ["secret", "worker.lock", "staging/x", "inlay.db-wal", "inlay.db.damaged-1"])
def test_a_folder_that_was_used_gets_no_new_database(left: str, tmp_path: Path) -> None:
    (tmp_path / left).parent.mkdir(exist_ok=True)
    (tmp_path / left).touch()
    with pytest.raises(InlayError, match="no good backup .* begin anew"):
        open_database(settings_of(tmp_path))
    assert not (tmp_path / "inlay.db").exists()


def test_every_start_stops_until_the_backup_is_back(inlay: Inlay) -> None:
    os.truncate(database(inlay), 9000)
    for command in ("serve", "web", "user add bob"):
        told = refused(inlay.command(*command.split()))
        assert "damaged" in told
    way_back = told.rpartition("inlay restore ")[2]
    doctor = inlay.command("doctor")
    assert doctor.returncode == 1
    assert way_back in doctor.stdout
    restored = inlay.command("restore", way_back)
    assert restored.returncode == 0, restored.stderr
    assert "what came later is lost" in restored.stdout
    (kept,) = inlay.data.glob("inlay.db.damaged-*")
    assert str(kept) in restored.stdout
    assert kept.stat().st_size == 9000
    assert database(inlay).stat().st_mode & 0o077 == 0
    with inlay.start(command="web", seconds=90).api() as api:
        assert api.get("/downloads").status_code == 200
    with pytest.raises(Conflict, match="Stop it first"):
        restore(Path(way_back), database(inlay))
    saved = inlay.command("backup", str(inlay.home / "saved.db"), "--json")
    assert json.loads(saved.stdout)["file"] == str(inlay.home / "saved.db")
    inlay.kill()
    told = json.loads(inlay.command("restore", str(inlay.home / "saved.db"), "--json").stdout)
    assert set(told) == {"database", "backup", "taken_at", "version", "kept"}


def test_a_restore_takes_the_place_of_all_of_the_former_database(inlay: Inlay) -> None:
    """Its journal, too: SQLite would play it into the backup."""
    saved = inlay.home / "saved.db"
    backup.write_copy(database(inlay), saved)
    with closing(sqlite3.connect(database(inlay))) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("UPDATE users SET name = 'mallory'")
        writer.commit()
        files = {suffix: Path(f"{database(inlay)}{suffix}").read_bytes() for suffix in ("", "-wal")}
    for suffix, content in files.items():
        Path(f"{database(inlay)}{suffix}").write_bytes(content)
    kept = restore(saved, database(inlay)).kept
    assert names(database(inlay)) == ["alice"]
    assert not Path(f"{database(inlay)}-wal").exists()
    # What was kept aside is whole with its journal, and can be brought back as well.
    assert kept
    restore(kept, database(inlay))
    assert names(database(inlay)) == ["mallory"]


def names(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM users")]


@pytest.mark.parametrize("what", ["missing", "itself", "damaged", "not ours", "newer"])
def test_what_is_no_good_backup_is_refused_and_nothing_changes(
    what: str, inlay: Inlay, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.db"
    if what == "itself":
        bad = database(inlay)
    elif what != "missing":
        shutil.copy(good_copy(inlay), bad)
    if what == "damaged":
        write_at(bad, 8 * 4096, bytes(4 * 4096))
    if what in ("newer", "not ours"):
        with closing(sqlite3.connect(bad)) as connection:
            sql = {"newer": "UPDATE alembic_version SET version_num = '9999'", "not ours": "DROP TABLE users"}
            connection.execute(sql[what])
            connection.commit()
    before = dates(inlay)
    words = {
        "missing": "no file",
        "itself": "itself",
        "damaged": "not a good backup",
        "not ours": "not a backup of Inlay",
        "newer": "newer Inlay",
    }
    with pytest.raises(Invalid, match=words[what]):
        restore(bad, database(inlay))
    assert dates(inlay) == before


def dates(inlay: Inlay) -> dict[str, int]:
    return {
        file.name: file.stat().st_mtime_ns for file in inlay.data.iterdir() if file.name != "inlay.db.lock"
    }


def test_a_backup_goes_into_a_new_folder_and_is_used_at_the_start(inlay: Inlay, tmp_path: Path) -> None:
    restore(good_copy(inlay), tmp_path / "new" / "inlay.db")
    opened = open_database(settings_of(tmp_path / "new"))
    with opened.read() as session:
        assert queries.find_user(session, "alice")
    opened.close()


def test_nothing_opens_the_database_while_a_backup_is_brought_back(inlay: Inlay) -> None:
    with (inlay.data / "inlay.db.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InlayError, match="brought back"):
            open_database(settings_of(inlay.data))
