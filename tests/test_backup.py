"""Copies of the database: at most one a day, only of what changed, seven kept, never half a one."""

import os
import random
import shutil
import sqlite3
import stat
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app import backup
from app.backup import KEPT, NoBackup, back_up, copies, daily, newest_good, write_copy
from app.db import Database
from app.errors import DatabaseTrouble
from app.migrate import migrate, version_of
from app.soundness import look_at
from tests.disks import small_disk

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("made") / "inlay.db"
    migrate(file)
    return file


@pytest.fixture
def file(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "inlay.db"))


def change(file: Path, at: datetime = NOW) -> None:
    """Commit something, at some time."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS noted (at TEXT)")
        connection.execute("INSERT INTO noted VALUES (?)", (str(at),))
        connection.commit()
    os.utime(file, (at.timestamp(),) * 2)


def test_a_copy_a_day_and_only_of_what_has_changed(file: Path) -> None:
    change(file, NOW - 10 * DAY)
    assert daily(file, NOW - 9 * DAY)
    change(file, NOW - 9 * DAY + timedelta(minutes=1))
    assert daily(file, NOW - 9 * DAY + timedelta(hours=23)) is None, "there is one of today"
    assert daily(file, NOW - 8 * DAY)
    for day in range(7):
        assert daily(file, NOW - day * DAY) is None, "nothing has changed"
    assert len(copies(file)) == 2


def test_seven_daily_copies_and_seven_before_migrations_are_kept(file: Path) -> None:
    for number in range(KEPT + 2):
        moment = NOW - (20 - number) * DAY
        change(file, moment)
        assert daily(file, moment)
        change(file, moment + timedelta(minutes=1))
        back_up(file, f"before-{number:04}", moment + timedelta(minutes=1))
    kept = copies(file)
    assert [copy.reason for copy in kept if copy.reason == "daily"] == ["daily"] * KEPT
    assert sorted(copy.reason for copy in kept if copy.reason != "daily") == [
        f"before-{number:04}" for number in range(2, KEPT + 2)
    ]
    assert kept == sorted(kept, key=lambda copy: copy.taken_at, reverse=True)


def test_a_migration_that_fails_again_and_again_pushes_no_good_copy_out(file: Path) -> None:
    change(file, NOW - DAY)
    assert len({back_up(file, "before-0002") for _ in range(3)}) == 1


@pytest.mark.parametrize(
    "jump", [timedelta(days=365), timedelta(days=-365), datetime(1970, 1, 2, tzinfo=UTC) - NOW]
)
def test_a_clock_that_was_wrong_stops_no_copies_and_none_is_taken_for_the_newest(
    file: Path, jump: timedelta
) -> None:
    for day in range(KEPT):
        change(file, NOW + jump + day * DAY)
        assert daily(file, NOW + jump + day * DAY)
    change(file, NOW)
    right = daily(file, NOW)
    assert right
    assert copies(file)[0].file == right
    assert len(copies(file)) == KEPT


def test_a_copy_is_private_whole_and_alone(file: Path) -> None:
    copy = back_up(file, "daily")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert look_at(copy, "integrity_check", still=True).kind == "sound"
    assert list(copy.parent.iterdir()) == [copy]


def test_a_copy_holds_what_is_committed_while_others_write(file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.executescript(
            "PRAGMA journal_mode=WAL; CREATE TABLE noted (at TEXT); INSERT INTO noted VALUES ('a');"
        )
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO noted VALUES ('b')")
        write_copy(file, tmp_path / "copy.db")
        writer.execute("ROLLBACK")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT * FROM noted").fetchall() == [("a",)]


def test_a_copy_replaces_no_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "holiday.db").write_text("something else")
    with pytest.raises(NoBackup, match="there already"):
        write_copy(file, tmp_path / "holiday.db")
    assert (tmp_path / "holiday.db").read_text() == "something else"


def test_a_damaged_database_is_not_copied_over_good_copies(file: Path) -> None:
    change(file, NOW - 2 * DAY)
    good = daily(file, NOW - 2 * DAY)
    with file.open("r+b") as writer:
        writer.seek(8 * 4096)
        writer.write(bytes(8 * 4096))
    with pytest.raises(NoBackup):
        daily(file, NOW)
    assert [copy.file for copy in copies(file)] == [good]
    assert list(backup.folder_of(file).iterdir()) == [good]


def test_the_newest_good_copy_is_neither_damaged_nor_from_a_newer_version(file: Path) -> None:
    good = back_up(file, "daily", NOW - 3 * DAY)
    damaged = back_up(file, "daily", NOW - 2 * DAY)
    damaged.write_bytes(damaged.read_bytes()[:20_000])
    newer = back_up(file, "before-9999", NOW - DAY)
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    (backup.folder_of(file) / "inlay-20270101T000000.000000Z-daily.db").write_text("no database")
    found = newest_good(file)
    assert found
    assert found.file == good
    assert version_of(found.file) == version_of(file)


def test_what_a_kill_has_left_of_a_copy_goes_with_the_next_one(file: Path) -> None:
    folder = backup.folder_of(file)
    folder.mkdir()
    half = folder / ".inlay-half-x.db"
    half.write_bytes(b"SQLite format 3")
    os.utime(half, (time.time() - 2 * 3600,) * 2)
    copy = back_up(file, "daily")
    assert list(folder.iterdir()) == [copy]


@pytest.mark.parametrize("left_free", [backup.LEFT_FREE_BYTES, -(2**40)], ids=["foreseen", "while copying"])
def test_a_full_disk_leaves_no_half_copy(
    file: Path, tmp_path: Path, left_free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "LEFT_FREE_BYTES", left_free)
    with small_disk(tmp_path / "disk", 1_000) as disk:
        full = Path(shutil.copy(file, disk.folder / "inlay.db"))
        disk.fill(leaving_kib=40)
        with pytest.raises(NoBackup, match="full"):
            daily(full)
        assert list(backup.folder_of(full).iterdir()) == []


def test_a_full_disk_is_told_once_the_ballast_is_used_up(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 900_000) as disk:
        database = Database(disk.folder / "inlay.db")
        database.ballast.keep()
        assert database.ballast.file.stat().st_blocks * 512 == 8 * 1024 * 1024
        with database.write() as session:
            session.execute(text("CREATE TABLE noted (text TEXT)"))
        disk.fill(leaving_kib=0)
        with database.write() as session:
            session.execute(text("INSERT INTO noted VALUES (:text)"), {"text": "x" * 1_000_000})
        assert not database.ballast.file.exists()
        disk.fill(leaving_kib=0)
        with pytest.raises(DatabaseTrouble, match="full") as full:
            note_much(database)
        assert (full.value.status, full.value.code) == (507, "disk_full")
        with database.read() as session:
            assert session.scalar(text("SELECT count(*) FROM noted WHERE text LIKE 'x%'")) == 1
        disk.resize(900_000)
        with database.write() as session:
            session.execute(text("INSERT INTO noted VALUES ('z')"))
        database.close()


def note_much(database: Database) -> None:
    for _ in range(9):
        with database.write() as session:
            session.execute(text("INSERT INTO noted VALUES (:text)"), {"text": "y" * 1_000_000})


def test_a_copy_is_consistent_while_several_write(file: Path, tmp_path: Path) -> None:
    """Each transaction moves something from one row to another: in no copy is anything lost or doubled."""
    database = Database(file)
    with database.write() as session:
        session.execute(text("CREATE TABLE purses (id INTEGER PRIMARY KEY, coins INTEGER, note TEXT)"))
        for id in range(8):
            session.execute(text("INSERT INTO purses VALUES (:id, 100, '')"), {"id": id})
    done, stop = [0], threading.Event()

    def move(seed: int) -> None:
        pick = random.Random(seed)
        while not stop.is_set():
            one, other = pick.sample(range(8), 2)
            with database.write() as session:
                for id, coins in ((one, -1), (other, 1)):
                    step = text("UPDATE purses SET coins = coins + :coins, note = :note WHERE id = :id")
                    session.execute(step, {"id": id, "coins": coins, "note": "x" * pick.randrange(3000)})
            done[0] += 1

    writers = [threading.Thread(target=move, args=(seed,)) for seed in range(4)]
    for writer in writers:
        writer.start()
    states = []
    for number in range(6):
        target = tmp_path / f"copy-{number}.db"
        before = done[0]
        write_copy(file, target)
        assert look_at(target, "integrity_check", still=True).kind == "sound"
        with closing(sqlite3.connect(target)) as copy:
            states.append(copy.execute("SELECT coins FROM purses ORDER BY id").fetchall())
        time.sleep(0.05)
        assert done[0] > before, "writers go on meanwhile"
    stop.set()
    for writer in writers:
        writer.join()
    database.close()
    assert [sum(coins for (coins,) in state) for state in states] == [800] * 6
    assert len({str(state) for state in states}) > 1
