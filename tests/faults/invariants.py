"""What must hold when everything has come to rest, whatever happened on the way."""

import hashlib
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mutagen import File

from tests.faults.world import ARTIST, Scene, Wanted
from tests.media.audio import ffmpeg
from tests.running import RESTS, wait_for

MARKER = ".inlay-library"
POLL_S = 0.02


def ends_well(scene: Scene) -> None:
    """Everything that was handed in becomes one whole file each, and nothing else is left of it."""
    all_arrives(scene)
    assert scene.stop() == 0
    assert_nothing_left(scene)


def goes_on_well(scene: Scene) -> None:
    """The same of a server that is handed on: after the last test it is stopped, and nothing may be left."""
    all_arrives(scene)
    assert_tidy(scene)


def all_arrives(scene: Scene) -> None:
    for id in scene.wanted:
        if at_rest(scene, id)["state"] == "review":
            scene.confirm(id)
    for id in scene.wanted:
        row = wait_for(lambda id=id: (row := at_rest(scene, id))["state"] != "review" and row)
        assert row["state"] == "done", row["failure_message"]
    wait_for(lambda: not scene.workers(), 5)
    assert_all_whole(scene)


def at_rest(scene: Scene, id: str) -> dict[str, Any]:
    """The row when nothing goes on by itself any more."""
    found: dict[str, Any] = wait_for(lambda: (row := scene.row(id))["state"] in RESTS and row, 60)
    return found


def assert_all_whole(scene: Scene) -> None:
    """Each wanted download has exactly one file, complete and with its tags; the index knows it once."""
    paths = {id: scene.row(id)["path"] for id in scene.wanted}
    assert sorted(paths.values()) == scene.files()
    assert sorted(paths.values()) == sorted(_indexed(scene))
    for id, path in paths.items():
        assert path.startswith(f"{ARTIST}/{scene.wanted[id].name}."), path
        # Once: that it stays as it is, a LibraryWatch sees.
        if id not in scene.whole:
            assert_whole(scene.library / path, scene.wanted[id])
            scene.whole.add(id)


def assert_whole(file: Path, wanted: Wanted) -> None:
    tags = File(file, easy=True)
    assert tags is not None
    assert (tags["title"], tags["artist"]) == ([wanted.name], [ARTIST])
    assert abs(decoded_s(file) - wanted.seconds) < 0.2


def decoded_s(file: Path) -> float:
    """How many seconds of sound are in this file when all of it is decoded, without a single complaint."""
    command = [ffmpeg(), "-v", "warning", "-xerror", "-i", str(file), "-map", "0:a", "-f", "null"]
    ended = subprocess.run(
        [*command, "-progress", "pipe:1", "-"], capture_output=True, text=True, timeout=120, check=True
    )
    assert ended.stderr == "", ended.stderr
    times = [line for line in ended.stdout.splitlines() if line.startswith("out_time_us=")]
    return int(times[-1].partition("=")[2]) / 1e6


def assert_nothing_left(scene: Scene) -> None:
    """With the server stopped: no process, no staged file, no half copy, a sound database."""
    assert scene.processes() == []
    assert_tidy(scene)


def assert_tidy(scene: Scene) -> None:
    """No staged file, no half copy, a sound database."""
    assert list(scene.staging.iterdir()) == []
    assert hidden(scene.library) == [MARKER]
    assert "Unhandled exception in task" not in scene.log.read_text()
    with closing(scene.database(write=False)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def hidden(library: Path) -> list[str]:
    """The library's entries that players do not show: the marker, and copies that are not complete."""
    return sorted(path.name for path in library.rglob(".*"))


def _indexed(scene: Scene) -> list[str]:
    with closing(scene.database(write=False)) as connection:
        return [path for (path,) in connection.execute("select path from tracks where missing_at is null")]


class LibraryWatch:
    """Looks at a library all the time: a file under its final name is whole from the first moment on."""

    def __init__(self, library: Path) -> None:
        self.library = library
        self.first: dict[Path, str] = {}
        self.gone: set[Path] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        if error is None:
            self.check()

    def check(self) -> None:
        assert self.gone == set()
        assert self.first == {file: _digest(file) for file in self.first}

    def _look(self) -> None:
        while not self._ended.wait(POLL_S):
            present = set(_visible(self.library))
            for file in present - set(self.first):
                with suppress(FileNotFoundError):
                    self.first[file] = _digest(file)
            self.gone |= set(self.first) - present


def _visible(library: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(library):
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
