"""A library of small files with its index, and renamings of it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import app.library.rename_model  # noqa: F401
from app.children.parent import WarmParent
from app.library import queries, rename_queries, renamer
from app.library.queries import Content, FileFacts
from app.library.rename import Plan
from app.library.rename_model import Move, Renaming
from app.library.renamer import Renamer
from app.services import Services
from app.settings import Settings
from app.tags.model import Tags
from tests.library_world import LibraryWorld, make_world


@dataclass
class World:
    base: LibraryWorld
    settings: Settings

    @property
    def services(self) -> Services:
        return Services(
            self.settings, self.base.db, b"s" * 32, lambda name, id: None, WarmParent("never:started")
        )

    def put(self, path: str, title: str = "", artist: str = "", **tags: Any) -> str:
        """A file that the index knows, with tags as the index has them. Its content is its first path."""
        file = self.base.library / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
        facts = file.stat()
        known = FileFacts(path, facts.st_size, facts.st_mtime_ns, facts.st_ino)
        with self.base.db.write() as session:
            [track_id] = queries.upsert(session, [(known, Content(Tags(title=title, artist=artist, **tags)))])
            return track_id

    def beside(self, path: str) -> None:
        (self.base.library / path).write_text(path)

    def name_by(self, template: str) -> None:
        with self.base.db.write() as session:
            rename_queries.choose(session, rename_queries.NAMING, template)

    def dry_run(self) -> Plan:
        return renamer.dry_run(self.base.db, self.settings)

    def rename(self) -> None:
        renamer.begin(self.base.db, self.settings)
        self.work()

    def undo(self) -> None:
        renamer.undo(self.base.db)
        self.work()

    def work(self) -> None:
        Renamer(self.services, batch=3).work()

    def latest(self) -> Renaming:
        with self.base.db.read() as session:
            row = rename_queries.latest(session)
        assert row
        return row

    def not_moved(self) -> list[Move]:
        with self.base.db.read() as session:
            return list(rename_queries.not_moved(session, self.latest().id, 100))

    def files(self) -> dict[str, str]:
        """Path → what is in it, which is where it was at first."""
        return {
            os.path.relpath(file, self.base.library): file.read_text()
            for file in sorted(self.base.library.rglob("*"))
            if file.is_file() and file.name != ".inlay-library"
        }

    def folders(self) -> set[str]:
        found = (one for one in self.base.library.rglob("*") if one.is_dir())
        return {os.path.relpath(one, self.base.library) for one in found}

    def index(self) -> dict[str, str]:
        """Path → track id, of what is there."""
        return {path: track.id for path, track in self.base.tracks().items()}


def world_in(folder: Path, library: Path | None = None) -> World:
    base = make_world(folder, library)
    return World(base, Settings(data_dir=base.data, library_dir=base.library))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = world_in(tmp_path)
    yield made
    made.base.db.close()
