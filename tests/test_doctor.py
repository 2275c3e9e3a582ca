"""The doctor: each code is provoked with real folders, files, sockets and databases, and is in the docs."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from app import backup, doctor
from app.checks import database, findings, fronts, machine, places, programs, server
from app.checks.findings import TROUBLES, Check
from app.freshness import health
from app.library.folder import MARKER, prepare_folder
from app.migrate import migrate
from app.settings import Settings
from tests.disks import small_disk
from tests.running import free_port

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "troubleshooting.md").read_text()
DAY_S = 86400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole database."""
    file = tmp_path_factory.mktemp("made") / "inlay.db"
    migrate(file)
    return file


@pytest.fixture
def settings(made: Path, tmp_path: Path) -> Settings:
    """An installation that lacks nothing."""
    data, library = tmp_path / "data", tmp_path / "music"
    for folder in (data, data / "staging", library):
        folder.mkdir(mode=0o700)
    (data / "inlay.db").write_bytes(made.read_bytes())
    (data / "secret").write_bytes(bytes(32))
    (data / "secret").chmod(0o600)
    prepare_folder(library, data)
    return Settings(data_dir=data, library_dir=library, port=free_port())


def codes(check: Check, settings: Settings, **changed: Any) -> list[str]:
    """What this check finds wrong."""
    found = list(check(Settings(**{**vars(settings), **changed})))
    assert all(bool(one.code) == bool(one.hint) == (one.level != "ok") for one in found)
    return [one.code for one in found if one.code]


@contextmanager
def answering(body: bytes) -> Iterator[int]:
    """Somebody who answers everything with this; the value is the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield listening.server_port
        listening.shutdown()


def test_the_page_and_the_codes_are_the_same() -> None:
    sections = dict(re.findall(r"^### `([\w-]+)`\n\n(.*?)(?=\n#|\Z)", DOCS, re.M | re.S))
    assert set(sections) == set(TROUBLES)
    for code, trouble in TROUBLES.items():
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)+", code)
        said = " ".join(sections[code].split())
        assert said == f"*{trouble.level.capitalize()}.* {trouble.means} {trouble.hint}"


def test_every_code_is_found_by_some_check() -> None:
    modules = (database, fronts, machine, places, programs, server, health, doctor)
    sources = [Path(one.__file__).read_text() for one in modules]
    used = set(re.findall(r'(?:wrong|Trouble)\(\s*"([\w-]+)"', "".join(sources)))
    used |= {
        f"{name}-{end}" for name in ("data", "staging", "library") for end in ("not-writable", "low-space")
    }
    used |= set(fronts.CODES.values())
    assert used == set(TROUBLES)


def test_nothing_is_wrong_where_nothing_is(settings: Settings) -> None:
    for check in (
        *(server.check_server, places.check_folders, places.check_folders_quickly, places.check_marker),
        *(places.check_library_disk, places.check_privacy, database.check_database),
        *(database.check_database_quickly, machine.check_guard, machine.check_way_out, machine.check_clock),
    ):
        assert codes(check, settings) == [], check


def test_folders_that_cannot_be_written_each_have_their_code(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    inside = tmp_path / "file" / "folder"
    for check in (places.check_folders, places.check_folders_quickly):
        assert codes(check, settings, library_dir=inside) == ["library-not-writable"]
        assert codes(check, settings, data_dir=inside, staging_dir=inside) == [
            "data-not-writable",
            "staging-not-writable",
        ]


def test_a_disk_that_is_nearly_full_is_said_of_its_folder(settings: Settings, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4_000) as disk:
        assert codes(places.check_folders, settings, library_dir=disk.folder) == ["library-low-space"]
        assert codes(places.check_folders, settings, staging_dir=disk.folder) == ["staging-low-space"]


def test_a_library_without_its_marker_is_not_the_library(settings: Settings) -> None:
    (settings.library_dir / MARKER).unlink()
    assert codes(places.check_marker, settings) == ["library-not-mounted"]


def test_looking_leaves_nothing_behind_and_the_quick_look_writes_nothing(settings: Settings) -> None:
    def state() -> list[tuple[str, int]]:
        return sorted((str(one), one.stat().st_mtime_ns) for one in settings.data_dir.parent.rglob("*"))

    # As a server does that runs.
    with closing(sqlite3.connect(settings.database_file)) as server:
        server.execute("PRAGMA journal_mode=WAL")
        server.execute("SELECT * FROM users").fetchall()
        before = state()
        for check in (places.check_folders_quickly, places.check_marker, database.check_database_quickly):
            codes(check, settings)
        assert state() == before
    before = state()
    names = [name for name, _ in before]
    for check in (places.check_folders, places.check_library_disk, places.check_privacy):
        codes(check, settings)
    assert [name for name, _ in state()] == names


def test_a_disk_that_knows_no_safe_way_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.library import moves

    def refuses(*_: object, **__: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(moves, "by_renameat2", refuses)
    assert codes(places.check_library_disk, settings) == []
    monkeypatch.setattr(moves, "by_link", refuses)
    assert codes(places.check_library_disk, settings) == ["library-no-safe-move"]


def test_a_library_with_more_folders_than_the_kernel_watches_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        (settings.library_dir / f"artist {number}").mkdir()
    (tmp_path / "watches").write_text("10\n")
    monkeypatch.setattr(places, "MAX_WATCHES", tmp_path / "watches")
    assert codes(places.check_library_disk, settings) == ["inotify-low"]


def test_disks_on_a_network_are_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.library import watch

    monkeypatch.setattr(watch, "is_unseen", lambda folder: True)
    assert codes(places.check_library_disk, settings) == ["library-changes-unseen"]
    assert codes(places.check_privacy, settings) == ["data-on-network-disk"]


def test_who_else_can_look_into_the_data_folder_is_told(settings: Settings) -> None:
    settings.data_dir.chmod(0o755)
    assert codes(places.check_privacy, settings) == ["data-open-to-others"]
    (settings.data_dir / "secret").chmod(0o644)
    assert codes(places.check_privacy, settings) == ["secret-open-to-others"]
    settings.data_dir.chmod(0o700)
    assert codes(places.check_privacy, settings) == [], "nobody gets into the folder"
    assert codes(places.check_privacy, settings, library_dir=settings.data_dir.parent) == [
        "data-inside-library"
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_files_that_root_has_left_are_told(settings: Settings) -> None:
    """As after `docker exec` as root."""
    os.chown(settings.data_dir, 65534, 65534)
    program = (
        "import os, sys; from pathlib import Path; from app.checks import places;"
        "from app.settings import Settings; import app.library.watch;"
        "data, music = map(Path, sys.argv[1:]); os.setgroups([]); os.setgid(65534); os.setuid(65534);"
        "print(*(one.code for one in places.check_privacy(Settings(data_dir=data, library_dir=music))))"
    )
    for folder in settings.data_dir.parents:
        if folder.stat().st_uid == 0 and str(folder) != "/":
            folder.chmod(folder.stat().st_mode | 0o011)
    done = subprocess.run(
        [sys.executable, "-c", program, str(settings.data_dir), str(settings.library_dir)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.stdout.split() == ["data-owned-by-others"], done.stderr


def test_the_server_is_asked(settings: Settings) -> None:
    from app import __version__

    assert codes(server.check_answers, settings) == ["server-not-answering"]
    with answering(f'{{"status":"ok","version":"{__version__}"}}'.encode()) as port:
        assert codes(server.check_answers, settings, port=port) == []
        assert codes(server.check_server, settings, port=port, host="0.0.0.0") == []
    with answering(b'{"version":"0.0.1"}') as port:
        assert codes(server.check_server, settings, port=port) == ["server-other-version"]
    with answering(b"<h1>It works</h1>") as port:
        assert codes(server.check_server, settings, port=port) == ["port-unusable"]
        assert codes(server.check_answers, settings, port=port) == ["server-not-answering"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        silent.close()
        assert codes(server.check_server, settings, port=port, host="192.0.2.1") == ["port-unusable"]


def test_a_worker_is_known_by_its_lock(settings: Settings) -> None:
    import fcntl

    assert codes(server.check_worker, settings) == ["worker-not-running"]
    assert not (settings.data_dir / "worker.lock").exists(), "looking makes no file"
    with open(settings.data_dir / "worker.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert codes(server.check_worker, settings) == []
        assert codes(server.check_server, settings) == ["server-not-answering"]


def _change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:9000]), "database-not-usable"),
        (lambda file: file.write_text("a shopping list " * 2000), "database-not-usable"),
        (lambda file: file.unlink(), "database-not-usable"),
        (lambda file: _change(file, "UPDATE alembic_version SET version_num = '9999'"), "database-newer"),
    ],
    ids=["cut off", "something else", "gone", "newer"],
)
def test_a_database_that_is_no_good_is_told(
    damage: Callable[[Path], object], code: str, settings: Settings
) -> None:
    damage(settings.database_file)
    assert codes(database.check_database, settings) == [code]
    if code == "database-newer" or not settings.database_file.exists():
        assert codes(database.check_database_quickly, settings) == [code]


def test_backups_that_are_missing_or_old_are_told(settings: Settings) -> None:
    file = settings.database_file
    backup.folder_of(file).mkdir()
    broken = backup.folder_of(file) / "inlay-20260101T000000.000000Z-daily.db"
    broken.write_text("no database")
    assert codes(database.check_database, settings) == ["backup-missing"]
    copy = backup.back_up(file, "daily")
    assert codes(database.check_database, settings) == []
    ahead = copy.stat().st_mtime + 3 * DAY_S
    os.utime(file, (ahead, ahead))
    assert codes(database.check_database, settings) == ["backup-old"]


def test_an_open_setup_page_is_told(settings: Settings) -> None:
    assert codes(database.check_database, settings, host="0.0.0.0") == ["setup-open"]
    _change(
        settings.database_file,
        "INSERT INTO users (name, name_key, password_hash, is_admin, created_at) "
        "VALUES ('alice', 'alice', '', 1, '2026-01-01')",
    )
    assert codes(database.check_database, settings, host="0.0.0.0") == []


@pytest.mark.parametrize(
    ("found", "good"),
    [((3, 40, 1), False), ((3, 50, 6), False), ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True)],
)
def test_sqlite_with_the_fault_is_told(
    found: tuple[int, int, int], good: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", found)
    assert codes(database.check_sqlite, settings) == ([] if good else ["sqlite-wal-bug"])


def test_a_clock_that_is_wrong_is_told(settings: Settings) -> None:
    os.utime(settings.database_file, (4_000_000_000, 4_000_000_000))
    assert codes(machine.check_clock, settings) == ["clock-went-back"]
    done = subprocess.run(
        [
            "faketime",
            "2020-01-01",
            sys.executable,
            "-c",
            "from app.checks import machine; from app.settings import Settings;"
            "print(*(one.code for one in machine.check_clock(Settings())))",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.stdout.split() == ["clock-wrong"], done.stderr


def test_small_machines_are_told(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "max").write_text(str(400 * 1024**2))
    monkeypatch.setattr(machine, "CGROUP", tmp_path / "max")
    assert "memory-low" in codes(machine.check_machine, settings)
    assert "memory-low" not in codes(machine.check_machine, settings, workers=1)
    (tmp_path / "max").write_text("max\n")
    assert "memory-low" not in codes(machine.check_machine, settings, workers=1)
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    monkeypatch.setattr(machine.resource, "getrlimit", lambda _: (256, 256))
    assert set(codes(machine.check_machine, settings)) >= {"cpu-32-bit", "open-files-low"}


def test_the_way_out_is_tried(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    assert codes(machine.check_way_out, settings, ca_file=tmp_path / "ca.pem") == ["ca-file-unusable"]
    away = f"http://user:hidden-word@127.0.0.1:{free_port()}"
    assert codes(machine.check_way_out, settings, proxy=away) == ["proxy-unreachable"]
    told = list(machine.check_way_out(Settings(**{**vars(settings), "proxy": away})))
    assert "hidden-word" not in repr(told)
    with answering(b"") as port:
        assert codes(machine.check_way_out, settings, proxy=f"http://127.0.0.1:{port}") == []


def test_what_is_installed_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.children import landlock

    assert codes(programs.check_ffmpeg, settings) == []
    monkeypatch.setattr("app.freshness.health.OLD_DAYS", -1)
    assert codes(programs.check_yt_dlp, settings) == ["yt-dlp-old"]
    monkeypatch.setattr(programs, "version", lambda name: "2024.01.01")
    assert codes(programs.check_yt_dlp, settings) == ["yt-dlp-other-version"]
    monkeypatch.setattr(programs.shutil, "which", lambda *_, **__: None)
    assert codes(programs.check_javascript, settings) == ["javascript-missing"]
    for abi, wanted in ((0, ["landlock-missing"]), (3, ["landlock-files-only"]), (4, [])):
        monkeypatch.setattr(landlock, "abi", lambda abi=abi: abi)
        assert codes(machine.check_landlock, settings) == wanted


def test_the_quick_look_loads_little() -> None:
    program = (
        "import sys; from app.doctor import look; from app.settings import Settings;"
        "list(look(Settings(), quick=True)); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert "app.checks.server" in loaded, done.stderr
    heavy = {
        "yt_dlp",
        "sqlalchemy",
        "litestar",
        "uvicorn",
        "huey",
        "jinja2",
        "msgspec",
        "mutagen",
        "PIL",
        "ssl",
    }
    assert not loaded & heavy


def test_a_finding_says_its_level_and_what_to_do() -> None:
    found = findings.wrong("ffmpeg-missing", "ffmpeg", "not usable")
    assert (found.level, found.code) == ("problem", "ffmpeg-missing")
    assert "Install ffmpeg" in found.hint
