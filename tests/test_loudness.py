"""ReplayGain gets into the files of the library, and nothing else of them changes."""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import mutagen
import pytest

from app.audio.loudness import measure
from app.db import now
from app.library import edit, loudness, sound_queries
from app.library.change_undo import undo
from app.library.index import scan
from app.library.loudness import LoudnessKeeper, Outcome, add_gains
from app.library.model import Track
from app.library.sound_model import Unmeasured
from app.locks import alone
from app.tags import containers
from app.tags.files import read_safely
from app.tags.model import GAINS, Tags
from tests.media.audio import make, picture
from tests.trash_world import TrashWorld, trash_world

LOUD_DB, SOFT_DB = -2, -20


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TrashWorld]:
    with trash_world(tmp_path, replaygain="album", undo_s=0) as made:
        yield made


def put(world: TrashWorld, path: str, gain_db: float = 0, **tags: str) -> Path:
    """Four seconds of music in the library, with a cover and with tags that Inlay does not know."""
    kind = path.rpartition(".")[2]
    file = world.library / path
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(make(kind, 4, gain_db=gain_db, pitch_hz=220 + gain_db), file)
    containers.write(file, Tags(title=file.stem, artist="Ida Holm", **tags), picture(300, 300))  # type: ignore[arg-type]
    if kind == "flac":
        audio = mutagen.File(file)
        audio["CONDUCTOR"] = ["Somebody"]
        audio.save()
    return file


def tracks(world: TrashWorld) -> dict[str, Track]:
    world.scan()
    return world.world.tracks()


def gains(file: Path) -> dict[str, str]:
    tags = containers.read(file).tags
    return {name: getattr(tags, name) for name in GAINS}


def run(world: TrashWorld, *paths: str, **more: bool) -> Outcome:
    known = tracks(world)
    found = [known[path] for path in paths]
    reports = read_safely(world.library / path for path in paths)
    return add_gains(world.services, list(zip(found, reports, strict=True)), album=True, **more)


def test_a_release_gets_gains_and_keeps_all_else(world: TrashWorld) -> None:
    loud = put(world, "E/1.flac", LOUD_DB, album="Estuary")
    soft = put(world, "E/2.opus", SOFT_DB, album="Estuary")
    covers = [containers.read_cover(file) for file in (loud, soft)]
    outcome = run(world, "E/1.flac", "E/2.opus")
    assert (outcome.measured, outcome.failed) == (2, [])
    each = [measure([file], 4_000) for file in (loud, soft)]
    together = measure([loud, soft], 8_000)
    assert gains(loud) == {
        "track_gain": f"{each[0].gain_db:.2f} dB",
        "track_peak": f"{each[0].peak:.6f}",
        "album_gain": f"{together.gain_db:.2f} dB",
        "album_peak": f"{together.peak:.6f}",
    }
    assert abs(together.lufs - sum(one.lufs for one in each) / 2) > 3
    raw = mutagen.File(soft)
    assert raw["R128_TRACK_GAIN"] == [str(round(256 * (-23 - each[1].lufs)))]
    assert raw["R128_ALBUM_GAIN"] == [str(round(256 * (-23 - together.lufs)))]
    assert not [name for name in raw if name.startswith("replaygain")]
    assert [containers.read_cover(file) for file in (loud, soft)] == covers
    assert mutagen.File(loud)["CONDUCTOR"] == ["Somebody"]
    assert containers.read(soft).tags.album == "Estuary"
    # The index knows the new files: the watcher has nothing to read, and nothing is left beside them.
    result = scan(world.world.db, world.library)
    assert (result.changed, result.added, result.renamed, result.removed) == (0, 0, 0, 0)
    assert world.hidden() == []
    assert world.rows("SELECT count(*) FROM changes") == [(0,)]


def test_files_that_have_gains_are_skipped_unless_asked(world: TrashWorld) -> None:
    put(world, "a.mp3")
    assert run(world, "a.mp3").measured == 1
    before = (world.library / "a.mp3").stat()
    again = run(world, "a.mp3")
    assert (again.measured, again.had) == (0, 1)
    after = (world.library / "a.mp3").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert gains(world.library / "a.mp3")["album_gain"] == ""


def test_a_new_track_of_an_album_renews_the_gain_of_the_whole(world: TrashWorld) -> None:
    first = put(world, "E/1.mp3", SOFT_DB, album="Estuary")
    run(world, "E/1.mp3")
    alone = gains(first)
    assert alone["album_gain"] == alone["track_gain"]
    second = put(world, "E/2.mp3", LOUD_DB, album="Estuary")
    run(world, "E/1.mp3", "E/2.mp3")
    assert gains(first)["album_gain"] == gains(second)["album_gain"] != alone["album_gain"]
    assert gains(first)["track_gain"] == alone["track_gain"]


def test_what_cannot_be_done_stays_with_its_file(world: TrashWorld) -> None:
    put(world, "E/1.mp3", album="Estuary")
    put(world, "E/2.mp3", album="Estuary")
    known = tracks(world)
    # Changed since the index saw it: nobody knows what it is now.
    changed = world.library / "E" / "2.mp3"
    changed.write_bytes(changed.read_bytes() + b"\0" * 10)
    found = [known["E/1.mp3"], known["E/2.mp3"]]
    reports = read_safely(world.library / track.path for track in found)
    outcome = add_gains(world.services, list(zip(found, reports, strict=True)), album=True)
    assert outcome.measured == 1
    assert [path for path, _ in outcome.failed] == ["E/2.mp3"]
    assert gains(world.library / "E" / "1.mp3")["album_gain"]


def test_silence_and_files_that_are_only_read_are_counted(world: TrashWorld) -> None:
    put(world, "quiet.flac", -200)
    wma = world.library / "a.wma"
    subprocess.run(["ffmpeg", "-v", "error", "-i", make("wav", 2), str(wma)], check=True)
    known = tracks(world)
    paths = ["quiet.flac", "a.wma"]
    outcome = Outcome()
    for path in paths:
        [report] = read_safely([world.library / path])
        add_gains(world.services, [(known[path], report)], album=True, outcome=outcome)
    assert (outcome.silent, outcome.unwritable, outcome.failed) == (1, 1, [])


def test_an_edit_before_it_can_still_be_undone(world: TrashWorld) -> None:
    put(world, "a.mp3")
    change = edit.edit(world.services, tracks(world)["a.mp3"], {"title": "Other"}, world.alice)
    assert change
    run(world, "a.mp3")
    undo(world.services, change.id, world.alice)
    tags = containers.read(world.library / "a.mp3").tags
    assert tags.title == "a"
    assert tags.track_gain


def wait(world: TrashWorld, path: str, seconds: float = 0) -> None:
    track = tracks(world)[path]
    with world.world.db.write() as session:
        sound_queries.measure_later(session, track.id, now() + timedelta(seconds=seconds))


def waiting(world: TrashWorld) -> list[Unmeasured]:
    with world.world.db.read() as session:
        return list(session.query(Unmeasured))


def test_the_keeper_measures_what_is_due_and_only_while_nothing_converts(world: TrashWorld) -> None:
    first = put(world, "E/1.mp3", album="Estuary")
    second = put(world, "E/2.mp3", LOUD_DB, album="Estuary")
    wait(world, "E/1.mp3")
    busy = [True]
    keeper = LoudnessKeeper(world.services, lambda: not busy[0])
    assert not keeper.work()
    busy[0] = False
    # Another track of it has just come: both are measured when that one's time has come.
    wait(world, "E/2.mp3", 3600)
    assert keeper.work()
    assert gains(first)["track_gain"] == ""
    assert {one.due_at > now() for one in waiting(world)} == {True}
    for path in ("E/1.mp3", "E/2.mp3"):
        wait(world, path)
    with alone(world.services.settings.data_dir, loudness.LOCK, wait=False):
        assert not keeper.work()
    assert keeper.work()
    assert all(gains(first).values())
    assert all(gains(second).values())
    assert waiting(world) == []
    assert not keeper.work()


def test_the_keeper_gives_up_after_some_tries(world: TrashWorld) -> None:
    file = put(world, "a.mp3")
    wait(world, "a.mp3")
    file.write_bytes(file.read_bytes() + b"\0" * 10)
    keeper = LoudnessKeeper(world.services, lambda: True)
    for number in range(loudness.MOST_TRIES):
        [row] = waiting(world)
        assert row.tries == number
        with world.world.db.write() as session:
            sound_queries.put_off(session, row.track_id, now(), row.tries)
        assert keeper.work()
    assert waiting(world) == []


def test_it_is_off_unless_asked_for(tmp_path: Path) -> None:
    with trash_world(tmp_path) as world:
        assert world.services.settings.replaygain == "off"
        put(world, "a.mp3")
        quality = tracks(world)["a.mp3"].quality
        assert quality
        assert loudness.before_placing(world.services, world.library / "a.mp3", quality) == {}
        assert loudness.after_placing(world.services, Tags(album="E"), {}) is None
        keeper = LoudnessKeeper(world.services, lambda: True)
        keeper.start()
        assert keeper._thread is None


def command(world: TrashWorld, *arguments: str) -> subprocess.Popen[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "INLAY_DATA_DIR": str(world.services.settings.data_dir),
        "INLAY_LIBRARY_DIR": str(world.library),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "app", "loudness", *arguments],
        env=environment,
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_may_be_killed_at_any_moment_and_goes_on(tmp_path: Path) -> None:
    with trash_world(tmp_path) as world:
        (world.world.data / "secret").write_bytes(b"0" * 32)
        paths = [f"E/{number}.{kind}" for number, kind in enumerate(["mp3", "flac", "opus", "m4a"] * 3)]
        for number, path in enumerate(paths):
            put(world, path, -number, album="Estuary" if number < 6 else "")
        world.scan()
    _as_migrated(world)
    sounds = {path: _packets(world.library / path) for path in paths}
    chance = random.Random(5)
    for _ in range(6):
        process = command(world)
        time.sleep(1.0 + chance.random() * 2.5)
        process.kill()
        process.communicate()
        for path in paths:
            # The old file or the new one, and never a part of either.
            found = containers.read(world.library / path)
            assert (found.tags.title, found.has_cover) == (Path(path).stem, True)
            assert _packets(world.library / path) == sounds[path]
    process = command(world, "--json")
    told, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    outcome = json.loads(told)
    assert outcome["measured"] + outcome["had"] == len(paths)
    for path in paths:
        found = gains(world.library / path)
        assert found["track_gain"]
        assert bool(found["album_gain"]) == (paths.index(path) < 6)
    assert world.hidden() == []
    done = command(world)
    assert done.communicate()[0].startswith("0 files got ReplayGain, 12 had it already")


def _as_migrated(world: TrashWorld) -> None:
    """These tables were made by the models; the command wants to see that they are the newest."""
    import sqlite3
    from contextlib import closing

    from app.migrate import newest_version

    with closing(sqlite3.connect(world.world.data / "inlay.db")) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)")
        db.execute("INSERT INTO alembic_version VALUES (?)", (newest_version(),))


def _packets(file: Path) -> str:
    command = ["ffmpeg", "-v", "error", "-i", str(file), "-map", "0:a", "-c", "copy", "-f", "md5", "-"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout
