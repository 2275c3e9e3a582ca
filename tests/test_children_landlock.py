"""What a child may reach. Where the kernel has no Landlock, the same children work, without that wall."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.audio import convert
from app.audio.measure import measure
from app.children import landlock, limits, parent
from app.children.limits import Limits
from app.children.parent import WarmParent
from app.downloads import warmup
from app.settings import Settings
from app.sources.addresses import Allowed
from app.sources.base import Order
from app.sources.egress import EgressGuard
from app.tags.cover import square_safely
from app.tags.files import read_safely, save_cover_safely, write_safely
from app.tags.model import Tags
from tests.journeys import short_track
from tests.media.audio import make, picture
from tests.media.site import MediaSite

CALLS = "tests.child_calls"
VERSION = landlock.abi()
FILES, TCP, SCOPES = VERSION >= 1, VERSION >= 4, VERSION >= 6
SECONDS = 120


class Home:
    """An installation's folders with something in each, and the folder of one download."""

    def __init__(self, folder: Path) -> None:
        self.database = self._file(folder / "data" / "inlay.db")
        self.secret = self._file(folder / "data" / "secret")
        self.other = self._file(folder / "data" / "staging" / "other" / "source.mp3")
        self.cookies = self._file(folder / "data" / "staging" / "other" / "cookies.txt")
        self.song = self._file(folder / "music" / "song.mp3")
        self.own = self._file(folder / "data" / "staging" / "own" / "source.mp3")
        self.staging = self.own.parent

    def _file(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"private")
        return path

    @property
    def private(self) -> tuple[Path, ...]:
        return (self.database, self.secret, self.other, self.cookies, self.song)

    def within(self, port: int) -> Limits:
        return limits.fetch_limits(Settings(), self.staging, port)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def went(within: Limits, *tries: tuple[str, Any]) -> list[bool]:
    """Which of these a child could do."""
    known = [(how, str(what) if isinstance(what, Path) else what) for how, what in tries]
    answer = parent.run(f"{CALLS}:reach", {"tries": known}, seconds=SECONDS, limits=within)
    return [bool(one) for one in answer["went"]]


@contextmanager
def listening() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as server:
        yield server.getsockname()[1]


def test_a_fetching_child_reads_its_own_folder_and_nothing_else_of_ours(home: Home) -> None:
    tries = [
        *(("read", path) for path in home.private),
        *(("list", path.parent) for path in home.private),
        ("read", Path("/proc/self/environ")),
        ("environ", os.getpid()),
        ("read", Path.home() / ".bashrc" if (Path.home() / ".bashrc").exists() else Path("/etc/shadow")),
        ("read", Path(__file__).parents[1] / "README.md"),
    ]
    assert went(home.within(9), *tries) == [not FILES] * len(tries)
    assert went(home.within(9), ("read", home.own), ("list", home.staging)) == [True, True]


def test_a_fetching_child_writes_into_its_own_folder_and_nowhere_else(home: Home) -> None:
    outside = [("write", path) for path in home.private] + [
        *(("make", path.with_name("new")) for path in home.private),
        ("make", Path("/tmp") / f"inlay-{os.getpid()}"),
        ("make", Path("/dev/shm") / f"inlay-{os.getpid()}"),
        ("link", (str(home.secret), str(home.staging / "linked"))),
        ("symlink", (str(home.secret), str(home.staging / "led"))),
        ("rename", (str(home.own), str(home.other))),
    ]
    if FILES:
        assert went(home.within(9), *outside) == [False] * len(outside)
        assert [path.read_bytes() for path in home.private] == [b"private"] * 5
    inside = [("write", home.own), ("make", home.staging / "new"), ("make", Path("relative"))]
    assert went(home.within(9), *inside) == [True] * 3
    assert (home.staging / "relative").exists(), "it works in its folder"


def test_a_fetching_child_connects_to_the_guard_alone(home: Home) -> None:
    with listening() as guard, listening() as inside, listening() as other:
        tries = [("connect", inside), ("connect", other), ("bind", 0)]
        assert went(home.within(guard), ("connect", guard), *tries) == [True, *[not TCP] * 3]


def test_a_fetching_child_runs_no_other_program(home: Home) -> None:
    refused = [("run", ["/usr/bin/env", "true"]), ("run", ["/bin/sh", "-c", "true"])]
    assert went(home.within(9), *refused) == [not FILES] * 2
    assert went(home.within(9), ("run", ["ffmpeg", "-version"]), ("run", ["deno", "--version"])) == [True] * 2


def test_a_child_neither_signals_nor_meets_processes_outside(home: Home) -> None:
    name = f"inlay-{os.getpid()}"
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(f"\0{name}")
        server.listen()
        tries = [("signal", os.getpid()), ("abstract", name)]
        assert went(home.within(9), *tries) == [not SCOPES] * 2


def test_children_that_work_on_files_reach_these_alone(home: Home) -> None:
    with listening() as port:
        reader = limits.offline(limits.TAGS, reads=[str(home.song)])
        tries = [("read", home.song), ("write", home.song), ("read", home.secret), ("connect", port)]
        assert went(reader, *tries) == [True, not FILES, not FILES, not TCP]
        writer = limits.offline(limits.TAGS, writes=[str(home.song)])
        tries = [("write", home.song), ("make", home.song.with_name("new")), ("connect", port)]
        assert went(writer, *tries) == [True, not FILES, not TCP]


def test_a_real_download_works_behind_the_wall(tmp_path: Path, site: MediaSite) -> None:
    """Through the warm parent and the guard, with a page, a picture and a file that ffmpeg has to look at."""
    guard, warm = EgressGuard(Allowed("127.0.0.1")), WarmParent(warmup.CALL)
    guard.start()
    try:
        for name, url in (("page", short_track(site, "walled")), ("list", site.hls("walled"))):
            folder = tmp_path / name
            folder.mkdir()
            order = order_for(url, folder, guard.open(name, 10**9).url)
            within = limits.fetch_limits(Settings(), folder, guard.port)
            with warm.child("app.downloads.child:fetch_and_check", order, within) as child:
                found = child.result(seconds=SECONDS)
            assert found["source_quality"]["duration_ms"] > 2_000
            assert (folder / found["source_file"]).stat().st_mode & 0o777 == 0o600
    finally:
        warm.close()
        guard.stop()


def order_for(url: str, folder: Path, proxy: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(
        Order(
            url=url,
            folder=str(folder),
            quality="bestaudio",
            max_duration_s=3600,
            max_file_bytes=10**8,
            proxy=proxy,
        )
    )
    return found


def test_deno_works_behind_the_wall(home: Home) -> None:
    args = {
        "order": order_for("https://nothing.invalid/", home.staging, "http://a:b@127.0.0.1:9"),
        "program": "console.log(6 * 7)",
    }
    answer = parent.run("tests.fetch_calls:run_deno", args, seconds=SECONDS, limits=home.within(9))
    assert answer == {"available": True, "said": "42\n"}


def test_conversion_tags_and_covers_work_behind_the_wall(tmp_path: Path) -> None:
    source = make("webm", 2)
    for name in ("mp3", "flac"):
        made, _ = convert.convert(
            source, measure(source), name, tmp_path / "made", on_percent=lambda percent: None
        )
        (tmp_path / "in").write_bytes(picture(640, 360, "webp"))
        square_safely(tmp_path / "in", tmp_path / "cover.jpg")
        write_safely(made, Tags(title="Walled"), tmp_path / "cover.jpg")
        [report] = read_safely([made])
        assert (report.tags.title, report.has_cover, report.error) == ("Walled", True, None)
        assert save_cover_safely(made, tmp_path / "out.jpg")


@pytest.mark.parametrize("version", [0, 1, 2, 3, 4, 5, 6, 7, 99])
def test_an_older_kernel_is_asked_for_no_more_than_it_knows(version: int, tmp_path: Path) -> None:
    """This kernel plays the older one: it takes what those know, and keeps to it. 0 has no Landlock."""
    if version > VERSION and version != 99:
        assert VERSION < 7, "this kernel should be able to play that one"
        return
    (tmp_path / "secret").write_bytes(b"private")
    within = {"version": version, "reads": [], "secret": str(tmp_path / "secret")}
    answer = parent.run(f"{CALLS}:restrict_as", within, seconds=SECONDS)
    kept_out = FILES and version > 0
    assert answer == {"version": version if kept_out else 0, "kept_out": kept_out}
