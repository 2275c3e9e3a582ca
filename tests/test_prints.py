"""What sounds the same is known by its sound: real music, real encoders, real `fpcalc`."""

import itertools
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from sqlite3 import connect

import pytest

from app.audio import alike
from app.audio.alike import Sounds, compare, words
from app.audio.fingerprint import is_possible, print_of
from app.audio.model import Quality
from app.children import parent
from app.library import duplicate_groups, print_queries, prints
from app.library.duplicates import Recording, Sameness, is_by_sound, matches, reason, sameness
from app.library.model import Reason
from app.library.prints import PrintKeeper
from app.library.queries import Content, FileFacts, upsert
from app.migrate import newest_version
from app.tags import containers
from app.tags.model import Tags
from tests.media.tunes import AS_ANOTHER, AS_THE_SAME, SECONDS, made_of, tune
from tests.trash_world import TrashWorld, trash_world

pytestmark = pytest.mark.skipif(not is_possible(), reason="fpcalc is not installed")


@cache
def sound(file: Path, start_ms: int = 0, end_ms: int | None = None) -> bytes:
    return print_of(file, start_ms, end_ms, parent.fresh)


@pytest.mark.parametrize("way", AS_THE_SAME)
def test_the_same_music_sounds_the_same_however_it_came(way: str) -> None:
    one, other = sound(tune(1)), sound(made_of(tune(1), way))
    assert compare(one, other) is compare(other, one) is Sounds.SAME
    assert set(words(one)) & set(words(other))


@pytest.mark.parametrize("way", AS_ANOTHER)
def test_the_same_tune_played_in_another_way_sounds_different(way: str) -> None:
    assert compare(sound(tune(1)), sound(made_of(tune(1), way))) is Sounds.DIFFERENT


def test_other_music_sounds_different() -> None:
    heard = [sound(tune(number)) for number in range(3)]
    assert {compare(*pair) for pair in itertools.combinations(heard, 2)} == {Sounds.DIFFERENT}
    assert not set(words(heard[0])) & set(words(heard[1]))


def test_what_is_short_silent_or_no_print_tells_nothing() -> None:
    whole, start = sound(tune(1)), sound(tune(1), 0, 12_000)
    assert compare(whole, start) is Sounds.UNKNOWN
    assert compare(start, start) is Sounds.UNKNOWN
    silence = alike.packed([627964279] * 900)
    assert compare(silence, silence) is Sounds.UNKNOWN
    assert words(silence) == words(b"") == words(b"no print") == []
    assert compare(whole, b"no print") is compare(whole, b"") is Sounds.UNKNOWN


def test_a_part_of_a_file_sounds_like_that_part() -> None:
    assert compare(sound(tune(1), 5_070, SECONDS * 1000), sound(made_of(tune(1), "from 5 s"))) is Sounds.SAME


def test_a_print_is_stored_in_less_room_and_comes_back_as_it_was() -> None:
    values = [random.Random(1).getrandbits(32) for _ in range(948)]
    assert list(alike.unpacked(alike.packed(values))) == values
    real = sound(tune(1))
    assert len(real) < 0.75 * 4 * len(alike.unpacked(real))


def heard(number: int, title: str, artist: str = "ida holm", way: str = "", **more: object) -> Recording:
    file = made_of(tune(number), way) if way else tune(number)
    told = {"duration_ms": SECONDS * 1000, "title": title, "sound": sound(file), **more}
    return Recording(title.lower(), artist, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("Harbour",), ("Harbor", "i. holm", "opus 64"), Sameness.DUPLICATE),
        (("Harbour",), ("Harbour", "ida holm", "faster"), Sameness.OTHER_SOUND),
        (("Harbour",), ("Harbour (Live)", "ida holm", "mp3 64"), Sameness.VERSION),
        (("Harbour",), ("Estuary", "ida holm", "faster"), None),
        (("Harbour",), ("Harbour", "ida holm", "mp3 64"), Sameness.DUPLICATE),
    ],
)
def test_names_and_sound_together_say_what_it_is(
    one: tuple[str, ...], other: tuple[str, ...], expected: Sameness | None
) -> None:
    first, second = heard(1, *one), heard(1, *other)
    assert sameness(first, second) == sameness(second, first) == expected
    assert is_by_sound(first, second) == (other[0] == "Harbor")
    if expected:
        by = Reason.NAMES if other[0] == "Harbour" else Reason.SOUND
        assert reason(first, second, expected) is reason(second, first, expected) is by


def test_the_sound_has_no_say_about_lengths_and_albums_that_differ() -> None:
    first = heard(1, "Harbour", album_key="coast")
    assert sameness(first, heard(1, "Hafen", album_key="best of")) is Sameness.ALSO_ON
    assert sameness(first, heard(1, "Harbour", album_key="best of")) is Sameness.ALSO_ON
    assert sameness(first, heard(2, "Harbour", album_key="best of")) is Sameness.OTHER_SOUND
    assert sameness(first, heard(1, "Hafen", duration_ms=SECONDS * 1000 + 11_000)) is None
    assert sameness(first, heard(2, "Hafen", isrc="X")) is None
    both = [heard(number, "Harbour", isrc="GBAAA9900001") for number in (1, 2)]
    assert sameness(*both) is Sameness.DUPLICATE
    assert reason(*both, Sameness.DUPLICATE) is Reason.ISRC
    other = heard(1, "Hafen", album_key="best of")
    assert reason(first, other, Sameness.ALSO_ON) is Reason.SOUND


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TrashWorld]:
    with trash_world(tmp_path, fingerprints="all") as made:
        yield made


def put(world: TrashWorld, path: str, file: Path, **tags: str) -> Path:
    placed = world.library / path
    shutil.copyfile(file, placed)
    containers.write(placed, Tags(**{"title": placed.stem, "artist": "Ida Holm", **tags}), None)  # type: ignore[arg-type]
    return placed


def listen(world: TrashWorld) -> int:
    """The keeper's work, until there is none."""
    world.scan()
    keeper, number = PrintKeeper(world.services, lambda: True), 0
    while keeper.work():
        number += 1
    assert not keeper.is_worth_a_look()
    return number


def groups(world: TrashWorld) -> list[tuple[str, list[str]]]:
    with world.world.db.read() as session:
        found = duplicate_groups.page(session).groups
    return [(group.kind, sorted(one.path for one in group.tracks)) for group in found]


def test_the_library_finds_what_sounds_the_same_and_what_only_has_the_same_name(world: TrashWorld) -> None:
    put(world, "Harbour.mp3", made_of(tune(1), "mp3 128"))
    put(world, "Hafen.opus", made_of(tune(1), "from 5 s"), artist="I. Holm")
    put(world, "Harbour (Live).m4a", made_of(tune(1), "aac 128"))
    put(world, "Fog.mp3", made_of(tune(2), "mp3 64"), album="Coast")
    put(world, "Fog 2.flac", tune(0), title="Fog")
    put(world, "Fog 3.flac", made_of(tune(2), "48 kHz"), title="Fog")
    assert listen(world) == 6
    assert groups(world) == [
        ("names", ["Fog 3.flac", "Fog.mp3"]),
        ("different", ["Fog 2.flac", "Fog 3.flac"]),
        ("sound", ["Hafen.opus", "Harbour.mp3"]),
    ]


def test_a_print_is_renewed_with_the_sound_and_goes_with_the_track(world: TrashWorld) -> None:
    put(world, "a.flac", tune(1))
    put(world, "b.mp3", made_of(tune(1), "mp3 64"))
    assert listen(world) == 2
    assert groups(world) == [("sound", ["a.flac", "b.mp3"])]
    put(world, "b.mp3", made_of(tune(2), "mp3 64"))
    assert listen(world) == 1
    assert groups(world) == []
    put(world, "b.mp3", made_of(tune(1), "from 2 s"))
    world.scan()
    # Its length is another one: what it sounded like does not count until somebody has listened again.
    track = world.world.tracks()["b.mp3"]
    with world.world.db.read() as session:
        assert print_queries.of_tracks(session, [track.id]) == {}
    assert listen(world) == 1
    assert groups(world) == [("sound", ["a.flac", "b.mp3"])]
    with world.world.db.write() as session:
        session.delete(session.get_one(type(track), track.id))
    counted = "SELECT (SELECT count(*) FROM sound_prints), (SELECT count(*) FROM sound_alike)"
    assert world.rows(counted) == [(1, 0)]
    assert world.rows("SELECT count(DISTINCT print_id) FROM sound_words") == [(1,)]


def test_the_background_waits_while_something_is_converted(world: TrashWorld) -> None:
    put(world, "a.flac", tune(1))
    world.scan()
    assert not PrintKeeper(world.services, lambda: False).work()
    assert PrintKeeper(world.services, lambda: True).work()


def test_at_first_only_tracks_that_downloads_brought_are_listened_to(tmp_path: Path) -> None:
    with trash_world(tmp_path) as world:
        put(world, "a.flac", tune(1))
        put(world, "b.flac", tune(2))
        world.scan()
        brought = world.world.tracks()["b.flac"]
        with world.world.db.write() as session:
            session.get_one(type(brought), brought.id).download_id = "d1"
        keeper = PrintKeeper(world.services, lambda: True)
        assert (keeper.work(), keeper.work()) == (True, False)
        with world.world.db.read() as session:
            assert print_queries.of_tracks(session, [brought.id])
        assert world.rows("SELECT count(*) FROM sound_prints") == [(1,)]


def test_without_fpcalc_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(parent.ENVIRONMENT, "PATH", "/nowhere")
    with trash_world(tmp_path, fingerprints="all") as world:
        assert not prints.are_made(world.services)
        keeper = PrintKeeper(world.services, lambda: True)
        keeper.start()
        assert keeper._thread is None


def command(world: TrashWorld, *arguments: str) -> "subprocess.Popen[str]":
    environment = {
        "PATH": "/usr/bin:/bin",
        "INLAY_DATA_DIR": str(world.services.settings.data_dir),
        "INLAY_LIBRARY_DIR": str(world.library),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "app", "fingerprints", *arguments],
        env=environment,
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_may_be_killed_at_any_moment_and_goes_on(tmp_path: Path) -> None:
    with trash_world(tmp_path) as world:
        (world.world.data / "secret").write_bytes(b"0" * 32)
        ways = ["mp3 64", "opus 64", "aac 128", "48 kHz", "louder", "mp3 320"]
        for number, way in enumerate(ways):
            file = made_of(tune(number % 2), way)
            put(world, f"{number}{file.suffix}", file)
        put(world, "short.flac", tune(3, 5))
        world.scan()
    with closing(connect(world.world.data / "inlay.db")) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)")
        db.execute("INSERT INTO alembic_version VALUES (?)", (newest_version(),))
    chance, kept = random.Random(7), 0
    for _ in range(3):
        process = command(world)
        time.sleep(1.0 + chance.random())
        process.kill()
        process.communicate()
        with closing(connect(world.world.data / "inlay.db")) as db:
            number = db.execute("SELECT count(*) FROM sound_prints").fetchone()[0]
            # What was written stays, and each print has all of its words.
            assert number >= kept
            each = db.execute(
                "SELECT count(word) FROM sound_prints LEFT JOIN sound_words ON print_id = id "
                "WHERE length(found) > 0 GROUP BY id"
            )
            assert {words for (words,) in each} <= {alike.WORDS}
            kept = number
    told, errors = (process := command(world, "--json")).communicate(timeout=120)
    assert process.returncode == 0, errors
    assert sum(json.loads(told).values()) == 7 - kept
    with closing(connect(world.world.data / "inlay.db")) as db:
        found = db.execute(
            "SELECT a.path, b.path FROM sound_alike JOIN tracks a ON a.id = track_id "
            "JOIN tracks b ON b.id = other_id"
        )
        pairs = {(int(one[0]) % 2, int(other[0]) % 2) for one, other in found}
        assert pairs == {(0, 0), (1, 1)}
        assert db.execute("SELECT count(*) FROM sound_alike").fetchone() == (12,)
    assert command(world).communicate()[0] == "0 fingerprints were made.\n"


def test_one_more_print_is_compared_with_few_however_many_there_are(world: TrashWorld) -> None:
    """Thousands of tracks of one length: those that cannot sound so are not even looked at."""
    chance, number = random.Random(3), 3_000
    length = Quality(codec="flac", container="flac", lossless=True, duration_ms=SECONDS * 1000)
    songs = [
        (FileFacts(f"{n}.flac", 1, 1, n + 1), Content(Tags(title=f"Song {n}"), False, length))
        for n in range(number)
    ]
    with world.world.db.write() as session:
        ids = upsert(session, songs)
    put(world, "a.flac", tune(1))
    world.scan()
    mine = world.world.tracks()["a.flac"]
    rows = [(n, id, [chance.getrandbits(32) for _ in range(alike.WORDS)]) for n, id in enumerate(ids, 1)]
    with closing(connect(world.world.data / "inlay.db")) as db, db:
        prints_of = [(n, id, SECONDS * 1000, alike.packed(words)) for n, id, words in rows]
        db.executemany("INSERT INTO sound_prints VALUES (?, ?, 1, 1, ?, ?)", prints_of)
        said = [(n, word) for n, _, words in rows for word in words]
        db.executemany("INSERT INTO sound_words VALUES (?, ?)", said)
    prints.keep(world.services, mine, sound(tune(1)))
    wanted = heard(1, "Hafen", "i holm", "opus 64")
    asked = {"": (words(wanted.sound), wanted.duration_ms)}
    with world.world.db.read() as session:
        assert [one.id for one in print_queries.near(session, asked)[""]] == [mine.id]
        [match] = matches(session, wanted)
    assert (match.track.id, match.sameness, match.by) == (mine.id, Sameness.DUPLICATE, Reason.SOUND)
