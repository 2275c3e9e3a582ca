"""The duplicates of a whole library: which groups there are, and that a large library is no slower to ask."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.audio.model import Quality
from app.library import duplicate_groups, duplicate_queries
from app.library.duplicate_groups import GROUPS
from app.library.queries import Content, FileFacts, mark_missing, upsert
from app.tags.model import Tags
from tests.library_world import LibraryWorld, make_world

_inodes = itertools.count(1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LibraryWorld]:
    made = make_world(tmp_path)
    yield made
    made.db.close()


def track(path: str, tags: Tags, duration_ms: int = 200_000) -> tuple[FileFacts, Content]:
    quality = Quality(codec="mp3", container="mp3", lossless=False, duration_ms=duration_ms)
    return FileFacts(path, 1, 1, next(_inodes)), Content(tags, False, quality)


def song(
    path: str, title: str, album: str = "", length_s: int = 200, **more: str
) -> tuple[FileFacts, Content]:
    tags = Tags(title=title, artist="Ida Holm", album=album, **more)  # type: ignore[arg-type]
    return track(path, tags, length_s * 1000)


def put(world: LibraryWorld, *songs: tuple[FileFacts, Content]) -> None:
    with world.db.write() as session:
        upsert(session, songs)


def groups(world: LibraryWorld) -> list[tuple[str, list[str]]]:
    """All pages' groups, each with its kind and its paths in order."""
    found, after = [], ()
    with world.db.read() as session:
        while True:
            page = duplicate_groups.page(session, after)
            found += [(group.kind, sorted(one.path for one in group.tracks)) for group in page.groups]
            if page.next is None:
                return found
            after = page.next


def test_what_is_the_same_is_together_and_what_is_not_is_apart(world: LibraryWorld) -> None:
    put(
        world,
        song("a.mp3", "Harbour", "Estuary"),
        song("b.mp3", "Harbour (2011 Remaster)", "Estuary (Deluxe Edition)", 201),
        song("c.mp3", "Harbour", "Best of the Coast"),
        song("d.mp3", "Harbour (Live)", "Estuary"),
        song("e.mp3", "Harbour", "Estuary", 260),
        song("f.mp3", "Harbour", "Estuary", 261),
        song("g.mp3", "Saltmarsh", "Estuary"),
        song("h.mp3", "Saltmarsh"),
        song("i.mp3", "Fog", "First", isrc="GBAAA9900001"),
        song("j.mp3", "Nebel", "Second", 240, isrc="GBAAA9900001"),
        song("k.mp3", "Low", "First", source_id="youtube:x"),
        song("l.mp3", "Ebb", "Second", source_id="youtube:x"),
        song("m.mp3", "Cut", "Second", 20, source_id="youtube:x"),
        song("n.mp3", "One", "Third", source_id="generic:audio"),
        song("o.mp3", "Two", "Third", source_id="generic:audio"),
        track("p.mp3", Tags()),
        track("q.mp3", Tags()),
    )
    assert groups(world) == [
        ("names", ["a.mp3", "b.mp3"]),
        ("names", ["e.mp3", "f.mp3"]),
        ("names", ["g.mp3", "h.mp3"]),
        ("isrc", ["i.mp3", "j.mp3"]),
        ("source", ["k.mp3", "l.mp3"]),
    ]


def test_the_same_group_is_shown_once_whatever_it_has_in_common(world: LibraryWorld) -> None:
    same = {"isrc": "GBAAA9900001", "source_id": "youtube:x"}
    put(world, song("a.mp3", "Harbour", **same), song("b.mp3", "Harbour", **same))
    assert groups(world) == [("names", ["a.mp3", "b.mp3"])]


def test_a_file_that_is_gone_is_no_duplicate(world: LibraryWorld) -> None:
    put(world, song("a.mp3", "Harbour"), song("b.mp3", "Harbour"))
    gone = world.tracks()["a.mp3"].id
    with world.db.write() as session:
        mark_missing(session, [gone])
    assert groups(world) == []


def test_pages_go_on_where_the_last_one_ended_and_show_everything_once(world: LibraryWorld) -> None:
    number = 2 * GROUPS + 5
    put(
        world,
        *(song(f"{side}{n}.mp3", f"Song {n}") for n in range(number) for side in "ab"),
        *(song(f"also{n}.mp3", f"Both {n}", album) for n in range(30) for album in ("First", "Second")),
    )
    found = groups(world)
    assert len(found) == number
    assert len({paths[0] for _, paths in found}) == number


def test_a_thousand_tracks_of_one_name_are_compared_with_their_neighbours_only(world: LibraryWorld) -> None:
    put(world, *(song(f"{n}.mp3", "Untitled", f"Album {n}", 100 + 10 * n) for n in range(400)))
    put(world, song("same.mp3", "Untitled", "Album 7", 171))
    assert groups(world) == [("names", ["7.mp3", "same.mp3"])]


def test_the_groups_are_read_in_the_order_of_an_index(world: LibraryWorld) -> None:
    """A page asks for the next few, and not for all names of the library sorted."""
    asked: list[tuple[str, Any]] = []
    event.listen(world.db.engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    with world.db.read() as session:
        duplicate_queries.shared_names(session, ("a", "b"), 10)
        [(statement, values)] = [one for one in asked if one[0].startswith("SELECT")]
        plan = [
            str(row)
            for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert any("USING COVERING INDEX tracks_recording" in step for step in plan), plan
    assert not any("FOR ORDER BY" in step or "FOR GROUP BY" in step for step in plan), plan
