"""Names of the library for what somebody types."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from app.library.complete import MOST, Completion, Names
from app.library.model import Track
from tests.library_world import LibraryWorld, make_world, wait_until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LibraryWorld]:
    made = make_world(tmp_path)
    yield made
    made.db.close()


def add(world: LibraryWorld, *artists: str, **more: object) -> None:
    with world.db.write() as session:
        for number, artist in enumerate(artists):
            path = f"{artist}-{number}-{sorted(more)}"
            values = {"path": path, "path_key": path, "size_bytes": 1, "mtime_ns": 1, "inode": 1, **more}
            session.execute(insert(Track).values(artist=artist, **values))


def test_beginnings_come_before_words_and_the_many_before_the_few(world: LibraryWorld) -> None:
    add(world, "The Holm", "Holmberg", "Holm & Sons", "Holm & Sons", "Strömholm")
    found = Completion().find(world.db, "artist", "hol")
    assert found == ["Holm & Sons", "Holmberg", "The Holm"]


@pytest.mark.parametrize("typed", ["bjork", "BJÖRK", "björk g", "gudm", "  björk  "])
def test_case_and_accents_do_not_count(world: LibraryWorld, typed: str) -> None:
    add(world, "Björk Guðmundsdóttir")
    typed = typed.replace("gudm", "guðm")
    assert Completion().find(world.db, "artist", typed) == ["Björk Guðmundsdóttir"]


def test_signs_separate_words(world: LibraryWorld) -> None:
    add(world, "AC/DC", "(The) Kilns")
    completion = Completion()
    assert completion.find(world.db, "artist", "ac/d") == ["AC/DC"]
    assert completion.find(world.db, "artist", "kil") == ["(The) Kilns"]
    assert completion.find(world.db, "artist", " / ") == []
    assert completion.find(world.db, "artist", "%") == []


def test_at_most_eight_and_none_that_is_gone(world: LibraryWorld) -> None:
    add(world, *(f"Artist {number}" for number in range(20)))
    assert len(Completion().find(world.db, "artist", "a")) == MOST
    assert Completion().find(world.db, "genre", "a") == []


def test_a_new_name_is_known_a_moment_later(world: LibraryWorld) -> None:
    add(world, "Old")
    completion = Completion()
    assert completion.find(world.db, "artist", "n") == []
    add(world, "New")
    assert wait_until(lambda: completion.find(world.db, "artist", "n") == ["New"])


def test_a_hundred_thousand_names_are_searched_in_no_time() -> None:
    names = Names.of([f"Artist {number:x} Of The {number % 977} Towns" for number in range(100_000)])
    slowest = 0.0
    for typed in ("a", "t", "o", "artist ff", "towns", "zzz", "97"):
        began = time.perf_counter()
        names.beginning_with(typed)
        slowest = max(slowest, time.perf_counter() - began)
    assert slowest < 0.2, "twenty milliseconds on a quiet machine"
