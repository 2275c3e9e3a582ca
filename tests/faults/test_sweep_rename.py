"""A renaming of ten files, killed at each of its file-system calls, and its undo: a restart ends it."""

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.db import Database
from app.library import renamer
from app.library.rename_model import Stage
from app.settings import Settings
from tests.faults.stumbling import Call, calls_of, run_traced
from tests.faults.sweeping import forked
from tests.faults.sweeps import EVERYTHING, NO_LINK, NO_RENAME, needs_strace
from tests.library_world import LibraryWorld
from tests.naming.conftest import World, world_in

MOVING = {"renameat2", "renameat", "linkat", "unlinkat", "mkdirat", "rmdir"}


def is_hit(call: Call) -> bool:
    """What changes the library, and the end of each transaction; or everything."""
    commits = call.name in ("fsync", "fdatasync") and ".db" in call.text
    return EVERYTHING or call.name in MOVING or commits


def fill(world: World) -> None:
    """An album with its picture, a circle of names, a case, a collision, and one that stays."""
    for number in (1, 2, 3):
        world.put(f"in/{number}.mp3", f"T{number}", "Ida", album="Tide", album_artist="Ida", track_no=number)
    world.beside("in/cover.jpg")
    world.put("Jane/A.mp3", "B", "Jane")
    world.put("Jane/B.mp3", "A", "Jane")
    world.put("Jane/song.mp3", "Song", "Jane")
    world.put("x.mp3", "SONG", "jane")
    world.put("y/z/deep.mp3", "Deep", "Mira")
    world.put("scan.mp3")
    world.put("Mira/There.mp3", "There", "Mira")


def copied(pristine: Path, home: Path) -> World:
    shutil.rmtree(home, ignore_errors=True)
    # With the times: by them a file is known again.
    shutil.copytree(pristine, home, copy_function=shutil.copy2)
    return reopened(home)


def reopened(home: Path) -> World:
    base = LibraryWorld(home / "data", home / "library", Database(home / "data" / "inlay.db"))
    return World(base, Settings(data_dir=base.data, library_dir=base.library))


def sweep(folder: Path, pristine: Path, wanted: World, always: list[str]) -> int:
    """Kill `work` at every call that changes something; after a restart all must be as in `wanted`."""
    home, trace, report = folder / "home", folder / "trace", folder / "report"
    files, index = wanted.files(), wanted.index()

    def attempt(inject: list[str]) -> str:
        world = copied(pristine, home)
        work: Callable[[], Callable[[], None]] = lambda: reopened(home).work  # noqa: E731
        run_traced(forked(work, report), trace, [*always, *inject])
        world.base.db.close()
        return trace.read_text(errors="replace")

    calls = calls_of(attempt([]), tuple(always))
    harmed, trials = [], 0
    for call in calls:
        if not is_hit(call):
            continue
        trials += 1
        if "killed by SIGKILL" not in attempt([call.inject("KILL")]):
            harmed.append(f"{call.text}: the fault did not come")
        world = reopened(home)
        world.work()
        if (world.files(), world.index()) != (files, index) or world.latest().stage != wanted.latest().stage:
            harmed.append(f"{call.text}: {world.files()} {world.index()}")
        world.base.db.close()
    print(f"{trials} trials")
    assert not harmed, "\n".join(harmed[:3])
    return trials


@needs_strace
@pytest.mark.parametrize("disk", ["local", "exfat"] if EVERYTHING else ["exfat"])
def test_killed_anywhere_a_renaming_and_its_undo_end_as_if_nothing_had_been(
    tmp_path: Path, disk: str
) -> None:
    logging.disable()
    always = [NO_RENAME, NO_LINK] if disk == "exfat" else []
    world = world_in(tmp_path / "pristine")
    fill(world)
    before = world.files(), world.index()
    renamer.begin(world.base.db, world.settings)
    world.base.db.close()
    done = copied(tmp_path / "pristine", tmp_path / "done")
    done.work()
    assert done.latest().stage is Stage.DONE
    assert done.files()["Ida/Tide/cover.jpg"] == "in/cover.jpg"
    assert done.files()["Jane/SONG (2).mp3"] == "x.mp3"
    assert not any(os.path.basename(path).startswith(".inlay-") for path in done.files())
    assert sweep(tmp_path, tmp_path / "pristine", done, always) > 20
    renamer.undo(done.base.db)
    done.base.db.close()
    shutil.copytree(tmp_path / "done", tmp_path / "undone", copy_function=shutil.copy2)
    undone = reopened(tmp_path / "undone")
    undone.work()
    assert (undone.files(), undone.index()) == before
    assert sweep(tmp_path, tmp_path / "done", undone, always) > 20
    logging.disable(logging.NOTSET)
