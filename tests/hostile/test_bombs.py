"""Rows 15, 16 and 23: files, pictures and words that hurt whoever reads them hurt a child alone."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.bombs import BOMBS, PICTURES
from tests.hostile.world import CHILD_BYTES, MiB, Watch, hand_in, resident_bytes, rest_of, taken, watching
from tests.library_world import grow_old
from tests.media.audio import make
from tests.media.pages import document
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for

# secrel §8: the server itself does not grow by what its children read.
SERVER_BYTES = 10 * MiB
HONEST, ODD = "honest.mp3", "odd\r\n\x1b[2Jname.mp3"
SPOKEN = "Line one\r\n2026-01-01 00:00:00 inlay.stage forged: ready\x1b[2J\x1b]0;owned\x07\u2028end"


@dataclass
class World:
    inlay: Inlay
    ids: dict[str, str]
    found: dict[str, dict[str, Any]]
    watch: Watch
    grown_bytes: int
    tracks: dict[str, dict[str, Any]]
    """The library's tracks by path."""


@pytest.fixture(scope="module")
def world(site: MediaSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Every bomb once as a link and once as a file that somebody put into the library folder."""
    with Inlay(tmp_path_factory.mktemp("bombs"), per_site="4", retry_delays_s="0") as inlay:
        inlay.add_user("alice", admin=True)
        inlay.start()
        assert inlay.process
        for number in range(3):
            inlay.rest(inlay.submit(song(site, f"warm-up {number}")))
        before = resident_bytes(inlay.process.pid)
        with watching(inlay) as watch:
            ids = taken(hand_in(inlay, links(site), format="original"))
            put_into(inlay.library)
            found = rest_of(inlay, ids)
            tracks = wait_for(lambda: listed(inlay, len(BOMBS) + 2), 120, 0.5)
        grown = resident_bytes(inlay.process.pid) - before
        yield World(inlay, ids, found, watch, grown, tracks)


def song(site: MediaSite, name: str, **more: Any) -> str:
    return site.track(name, make("mp3", 3), **{"title": f"Saltmarsh {name}", **more})


def links(site: MediaSite) -> dict[str, str]:
    files = {
        name: site.file(name, bomb(), f"audio/{name.rpartition('.')[2]}") for name, bomb in BOMBS.items()
    }
    pictures = {name: song(site, name, thumbnail=picture()) for name, picture in PICTURES.items()}
    spoken = {"spoken": song(site, "spoken", title=SPOKEN, uploader=SPOKEN, artist=SPOKEN)}
    mute = {"spoken by a page": site.page("mute", document(SPOKEN, "<p>No music.</p>"))}
    return {**files, **pictures, **spoken, **mute}


def put_into(library: Path) -> None:
    folder = library / "By hand"
    folder.mkdir()
    for name, bomb in BOMBS.items():
        (folder / name).write_bytes(bomb())
        grow_old(folder / name, 60)
    for name in (HONEST, ODD):
        shutil.copyfile(make("mp3", 3), folder / name)
        grow_old(folder / name, 60)


def listed(inlay: Inlay, count: int) -> dict[str, dict[str, Any]]:
    with inlay.api() as api:
        tracks = api.get("/library/tracks", params={"limit": 100}).json()["items"]
    return {one["path"]: one for one in tracks} if len(tracks) >= count else {}


def test_a_bomb_is_a_failure_with_a_sentence_or_a_track_without_its_tags(world: World) -> None:
    for name in BOMBS:
        found = world.found[name]
        assert found["state"] in ("failed", "review"), name
        if found["state"] == "failed":
            assert found["failure"]["message"].endswith("."), (name, found["failure"])
    assert world.found["id3-zlib.mp3"]["failure"]["message"].startswith("This needs too much memory")


def test_a_bomb_by_hand_is_listed_with_its_reason_and_the_watcher_goes_on(world: World) -> None:
    for name in (HONEST, ODD):
        assert world.tracks[f"By hand/{name}"]["error"] is None
    assert "too much memory" in world.tracks["By hand/id3-zlib.mp3"]["error"]
    for name in BOMBS:
        assert f"By hand/{name}" in world.tracks


def test_a_picture_bomb_costs_the_cover_and_nothing_else(world: World) -> None:
    for name in PICTURES:
        assert world.found[name]["state"] == "review", (name, world.found[name]["failure"])


def test_no_child_takes_more_memory_than_it_may_and_the_server_grows_by_none_of_it(world: World) -> None:
    assert 0 < world.watch.child_bytes < CHILD_BYTES
    assert world.grown_bytes < SERVER_BYTES


def test_titles_never_write_lines_or_escapes_into_the_log(world: World) -> None:
    log = world.inlay.log.read_bytes()
    assert b"\x1b" not in log
    assert b"\r" not in log
    assert not [line for line in log.splitlines() if b"forged" in line and line.startswith(b"2026-01-01")]


def test_the_next_download_is_fine(world: World, site: MediaSite) -> None:
    found = world.inlay.done(world.inlay.submit(song(site, "next"), skip_review=True))
    assert found["path"]
