"""The one SQLite file under stress: a full disk, many writers, lost queue tables, few flushes."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from app.db import Database
from app.errors import DatabaseTrouble
from app.queue import COLUMNS, Queue
from tests.disks import small_disk
from tests.faults.conftest import MakeScene
from tests.faults.invariants import assert_all_whole, at_rest
from tests.faults.world import SHORT_S, Scene, Wanted
from tests.media.faults import Slow
from tests.running import wait_for

OFTEN = "import app.downloads.reconcile as r; r.ROUND_S = 1; from app.cli import main; main()"
MOST_FLUSHES = 12
IDLE_S = 6
# INLAY_TEST_WRITES=1250 is the long run.
WRITERS, WRITES = 8, int(os.environ.get("INLAY_TEST_WRITES", "300"))


class Traced:
    """The system calls of a scene's processes that change files or flush them. Others run at full speed."""

    def __init__(self, scene: Scene, file: Path) -> None:
        """Call it before the start."""
        self.file = file
        calls = "fsync,fdatasync,sync_file_range,write,writev,pwrite64,pwritev,ftruncate,fallocate"
        names = "rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat"
        strace = f"strace -D -f --seccomp-bpf -y -s 0 -e trace={calls},{names} -o {file}"
        scene.launcher = [*strace.split(), *scene.launcher]

    @contextmanager
    def during(self) -> Iterator[list[str]]:
        """What was called in this block, once it has ended."""
        before, lines = self.file.stat().st_size, list[str]()
        yield lines
        time.sleep(0.3)
        lines += self.file.read_text()[before:].splitlines()


def flushes(lines: list[str]) -> int:
    """Flushes of the database and its journal."""
    return sum(bool(re.search(r"(fsync|fdatasync)\(\d+<[^>]*/inlay\.db(-wal)?>", line)) for line in lines)


def writes(lines: list[str], under: Path) -> list[str]:
    """Calls that touch something below a folder."""
    return [line for line in lines if str(under) in line]


def test_a_download_flushes_little_its_progress_and_an_idle_server_write_nothing(
    make_scene: MakeScene, tmp_path: Path
) -> None:
    scene = make_scene(format="mp3")
    scene.run("-c", OFTEN)
    traced = Traced(scene, tmp_path / "trace")
    scene.start()
    id = scene.hand_in("slow", faults=[Slow(15_000)])
    scene.until(id, state="downloading")
    wait_for(lambda: scene.download(id)["progress"]["percent"])
    with traced.during() as progress:
        time.sleep(2)
    assert scene.row(id)["state"] == "downloading"
    assert writes(progress, scene.staging) != []
    assert writes(progress, scene.data / "inlay.db") == []
    scene.site.mend()
    scene.until(id, state="review")
    scene.until(id, conversion="done")
    backups = scene.data / "backups"
    wait_for(lambda: backups.is_dir() and not list(backups.glob(".*")) and list(backups.glob("*.db")))
    with traced.during() as journey:
        other = scene.in_review("measured")
        scene.until(other, conversion="done")
        scene.confirm(other)
        scene.until(other, state="done")
        time.sleep(0.5)
    print(f"{flushes(journey)} flushes of the database for one download")
    assert 5 < flushes(journey) <= MOST_FLUSHES
    time.sleep(1.5)
    with traced.during() as idle:
        time.sleep(IDLE_S)
    assert len(list(backups.iterdir())) == 1
    assert writes(idle, scene.home) == []
    assert scene.stop() == 0


def test_a_full_disk_of_the_database_is_said_and_costs_nothing(make_scene: MakeScene, tmp_path: Path) -> None:
    with small_disk(tmp_path / "inlay", 900_000) as disk:
        scene = make_scene(library_dir=str(tmp_path / "music"), staging_dir=str(tmp_path / "staging"))
        scene.log = tmp_path / "inlay.log"
        scene.run("-c", OFTEN)
        scene.start()
        ballast = scene.data / "ballast"
        assert ballast.stat().st_blocks * 512 == 8 * 1024 * 1024
        id = scene.in_review("before")
        disk.fill(leaving_kib=0)
        scene.in_review("on the ballast")
        # The disk looks smaller than it was, so a new one may be as small.
        assert not ballast.exists() or ballast.stat().st_size < 1024 * 1024
        disk.fill(leaving_kib=0)
        refused = [answer for number in range(20) if (answer := hand_in(scene, number)).status_code != 202][0]
        assert (refused.status_code, refused.json()["code"]) == (507, "disk_full")
        assert (
            refused.json()["detail"] == "The disk of the database is full. Make room on it, then try again."
        )
        with scene.api() as api:
            assert api.post("/downloads/confirm", json={"id": id}).status_code == 507
            assert api.get("/downloads").status_code == 200
        assert httpx.get(f"{scene.url}/login").status_code == 200
        assert scene.row(id)["state"] == "review"
        disk.resize(900_000)
        wait_for(ballast.exists)
        for id in scene.wanted:
            if at_rest(scene, id)["state"] == "failed":
                scene.ask(id, "retry")
            scene.until(id, state="review")
            scene.confirm(id)
            scene.until(id, state="done")
        assert_all_whole(scene)
        assert scene.stop() == 0
        with closing(scene.database(write=False)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def hand_in(scene: Scene, number: int) -> httpx.Response:
    name = f"full {number}"
    with scene.api() as api:
        answer = api.post("/downloads/url", json={"url": scene.offer(name)})
    if answer.status_code == 202:
        scene.wanted[answer.json()["id"]] = Wanted(name, SHORT_S)
    return answer


@pytest.mark.parametrize("table", COLUMNS)
@pytest.mark.parametrize("how", ["missing", "renamed", "different"])
def test_a_lost_table_of_the_queue_is_made_again(table: str, how: str, tmp_path: Path) -> None:
    file = tmp_path / "inlay.db"
    Queue(file, b"secret").close()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        if how == "renamed":
            connection.execute(f"ALTER TABLE {table} RENAME TO {table}_old")
        else:
            connection.execute(f"DROP TABLE {table}")
        if how == "different":
            connection.execute(f"CREATE TABLE {table} (something)")
    queue = Queue(file, b"secret")
    answered: list[str] = []
    queue.answers["stage"] = answered.append
    queue.ring("stage", "id")
    assert queue.huey.storage.queue_size() == 1
    queue.huey.execute(queue.huey.dequeue())
    assert answered == ["id"]
    queue.clear()
    queue.close()


def test_the_queue_never_writes_without_an_order_on_the_disk(tmp_path: Path) -> None:
    """With synchronous=OFF its checkpoints could damage the file that is also ours."""
    queue = Queue(tmp_path / "inlay.db", b"secret")
    assert queue.huey.storage.conn.execute("PRAGMA synchronous").fetchone() == (1,)
    assert queue.huey.storage.conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    queue.close()
    with Database(tmp_path / "inlay.db").read() as session:
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA busy_timeout")) == 10_000


def test_a_writer_that_keeps_the_database_is_said_after_the_time_to_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.db.BUSY_TIMEOUT_MS", 300)
    one, other = Database(tmp_path / "inlay.db"), Database(tmp_path / "inlay.db")
    with one.write() as session:
        # A transaction begins with its first statement.
        session.execute(text("SELECT 1"))
        began = time.monotonic()
        with pytest.raises(DatabaseTrouble, match="busy") as refused, other.write() as second:
            second.execute(text("SELECT 1"))
        assert 0.3 <= time.monotonic() - began < 5
    assert refused.value.status == 503
    with other.write() as session:
        assert session.scalar(text("SELECT 1")) == 1


WRITER = """
import json, sys, time
from pathlib import Path
from app.db import Database
database, waits = Database(Path(sys.argv[1])), []
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    before = time.monotonic()
    with database.write() as session:
        run = session.connection().exec_driver_sql
        waits.append(time.monotonic() - before)
        count = run("SELECT count FROM counted").scalar()
        run("UPDATE counted SET count = ?", (count + 1,))
print(json.dumps(waits))
"""


@pytest.mark.slow
def test_many_writers_at_once_all_write_and_none_waits_long(tmp_path: Path) -> None:
    file = tmp_path / "inlay.db"
    with Database(file).write() as session:
        session.execute(text("CREATE TABLE counted (count INTEGER)"))
        session.execute(text("INSERT INTO counted VALUES (0)"))
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), str(WRITES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("\n")
        writer.stdin.flush()
    waits = sorted(wait for writer in writers for wait in json.loads(writer.communicate()[0]))
    p99 = waits[len(waits) * 99 // 100]
    print(f"{len(waits)} writes: half wait less than {waits[len(waits) // 2]:.4f} s, 99 % than {p99:.3f} s")
    print(f"the longest wait is {waits[-1]:.3f} s")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count FROM counted").fetchone() == (WRITERS * WRITES,)
    assert len(waits) == WRITERS * WRITES
    assert p99 < 1
