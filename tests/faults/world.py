"""An Inlay to be broken: its processes can be told from all others, and its rows be read while it is down."""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.media import audio
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for

ARTIST = "The Harbours"
SHORT_S = 6
LONGER_S = 180
LONG_S = audio.BENCH_SECONDS
LINGER_S = 15
"""On a busy machine a warm parent takes a while to import what it imports before it looks up."""
REPOSITORY = Path(__file__).parents[2]

_ROW = """
    select downloads.*, conversion, converted_file, path, sha256, library_track_id from downloads
    left join staged_tracks on download_id = downloads.id where downloads.id = ?
"""


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    name: str
    """What `ps` shows: `inlay fetch` for a child, `ffmpeg` for what that started."""
    command: str

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        os.kill(self.pid, number)


@dataclass(frozen=True)
class Wanted:
    """What a link that was handed in has to become in the library."""

    name: str
    seconds: float


class Scene(Inlay):
    """One installation and one media site.

    The server runs by a path to Python that lies in `home`; its children inherit that path in their command
    line or environment, so that /proc shows whose they are.
    """

    def __init__(self, home: Path, site: MediaSite, token: str, **settings: str) -> None:
        super().__init__(home, **settings)
        self.site = site
        self.token = token
        self.wanted: dict[str, Wanted] = {}
        self.whole: set[str] = set()
        """Those of the wanted that were decoded and found whole."""
        self.library = Path(settings.get("library_dir", self.library))
        self.staging = Path(settings.get("staging_dir", self.staging))
        (home / "python").symlink_to(Path(sys.executable).parents[1])
        self.run("-m", "app")

    def run(self, *program: str) -> None:
        """What to run instead of the program as it is: `-c` and some Python that changes a number in it."""
        self.launcher = [self.home / "python" / "bin" / Path(sys.executable).name, *program]

    def kill(self) -> None:
        """Like a power cut for the process; what it had started ends by itself."""
        super().kill()
        deadline = time.monotonic() + LINGER_S
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert left == []

    def signal(self, number: signal.Signals) -> tuple[int, float]:
        """Ask the server to end; its exit code and how long that took, in seconds."""
        assert self.process
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(30), time.monotonic() - began

    def offer(self, name: str, kind: str = "opus", seconds: float = SHORT_S, **more: Any) -> str:
        """A track of ours on the media site; the answer is its link."""
        more.setdefault("thumbnail", (320, 180))
        return self.site.track(name, audio.make(kind, seconds), title=f"{ARTIST} - {name}", **more)

    def media_url(self, name: str, kind: str = "opus") -> str:
        return self.site.media_url(name, audio.KINDS[kind].suffix)

    def hand_in(self, name: str, kind: str = "opus", seconds: float = SHORT_S, **more: Any) -> str:
        """Offer a track and submit its link. Words for the API go into `ask`; the answer is the id."""
        ask = more.pop("ask", {})
        id = self.submit(self.offer(name, kind, seconds, **more), **ask)
        self.wanted[id] = Wanted(name, seconds)
        return id

    def in_review(self, name: str, kind: str = "opus", seconds: float = SHORT_S, **more: Any) -> str:
        id = self.hand_in(name, kind, seconds, **more)
        self.until(id, state="review")
        return id

    def ask(self, id: str, what: str) -> httpx.Response:
        """Cancel, discard or retry."""
        with self.api() as api:
            return api.post(f"/downloads/{id}/{what}")

    def row(self, id: str) -> dict[str, Any]:
        """The download and its staged track as the database has them, whether the server lives or not."""
        with closing(self.database(write=False)) as connection:
            connection.row_factory = sqlite3.Row
            return dict(connection.execute(_ROW, (id,)).fetchone())

    def until(self, id: str, seconds: float = 90, **values: str) -> dict[str, Any]:
        """The row as soon as it has these values."""
        found: dict[str, Any] = wait_for(
            lambda: (row := self.row(id)).items() >= values.items() and row, seconds, 0.005
        )
        return found

    def database(self, *, write: bool) -> sqlite3.Connection:
        mode = "rw" if write else "ro"
        file = f"file:{self.data / 'inlay.db'}?mode={mode}"
        return sqlite3.connect(file, uri=True, isolation_level=None, timeout=10)

    @contextmanager
    def database_held(self) -> Iterator[None]:
        """Another writer has the database: what the server wants to commit waits, up to ten seconds."""
        with closing(self.database(write=True)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    def folder(self, id: str) -> Path:
        return self.staging / id

    def staged(self, id: str) -> set[str]:
        with suppress(FileNotFoundError):
            return {file.name for file in self.folder(id).iterdir()}
        return set()

    def processes(self) -> list[Process]:
        """Every living process of this installation, the server too."""
        return processes_of(str(self.home))

    def workers(self, word: str = "") -> list[Process]:
        """Children at work, with `word` in their name: neither the server nor its warm parent."""
        assert self.process
        server = self.process.pid
        idle = (server, *(one.pid for one in self.processes() if is_warm_parent(one, server)))
        return [one for one in self.processes() if one.pid not in idle and word in one.name]

    def fetching(self) -> list[Process]:
        """The forked children that run yt-dlp."""
        return self.workers("inlay fetch")

    def warm_parent(self) -> Process:
        assert self.process
        return next(one for one in self.processes() if is_warm_parent(one, self.process.pid))

    def received(self, name: str, kind: str = "opus") -> int:
        """Bytes of this track that the site has sent, by the request that got most."""
        return max((hit.sent for hit in self.site.hits_at(self.media_url(name, kind))), default=0)

    def ranges(self, name: str, kind: str = "opus") -> list[str]:
        """What the requests for this track's audio asked to begin with, if not with its start."""
        asked = (hit.headers.get("Range", "") for hit in self.site.hits_at(self.media_url(name, kind)))
        return [one for one in asked if one and not one.startswith("bytes=0-")]


def is_warm_parent(process: Process, server: int) -> bool:
    return process.parent == server and "warm.py" in process.command


def processes_of(mark: str) -> list[Process]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            # It may end while we look; then it is not running.
            with suppress(OSError):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                # A zombie has neither.
                if mark in command or mark.encode() in (folder / "environ").read_bytes():
                    parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                    name = (folder / "comm").read_text().strip()
                    found.append(Process(int(folder.name), int(parent), name, command))
    return found


def on_sight(what: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true answer, asked as fast as can be: for moments that last for milliseconds."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < deadline, f"not seen within {seconds} s"
        time.sleep(0.0002)
    return answer
