"""A library folder with its database, and music to put into it."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

import app.accounts.model
import app.downloads.model
import app.library.print_model
import app.library.sound_model  # noqa: F401  (all tables must be known here)
from app.db import Base, Database
from app.library.folder import prepare_folder
from app.library.model import Track
from app.tags import containers
from app.tags.model import Tags
from tests.media.audio import make


@dataclass(frozen=True)
class LibraryWorld:
    data: Path
    library: Path
    db: Database

    def add(self, path: str, *, kind: str = "mp3", age_s: float = 60.0, **tags: str) -> Path:
        """Somebody else's file in the library, written a while ago."""
        file = self.library / path
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(make(kind, 1), file)
        if tags:
            containers.write(file, Tags(**tags), None)  # type: ignore[arg-type]
        grow_old(file, age_s)
        return file

    def tracks(self) -> dict[str, Track]:
        """By path, the missing ones left out."""
        with self.db.read() as session:
            return {one.path: one for one in session.scalars(select(Track)) if one.missing_at is None}

    def all_tracks(self) -> list[Track]:
        with self.db.read() as session:
            return list(session.scalars(select(Track)))


def make_world(folder: Path, library: Path | None = None) -> LibraryWorld:
    data, library = folder / "data", library or folder / "library"
    data.mkdir(parents=True)
    prepare_folder(library, data)
    db = Database(data / "inlay.db")
    Base.metadata.create_all(db.engine)
    return LibraryWorld(data, library, db)


def grow_old(file: Path, age_s: float) -> None:
    then = time.time() - age_s
    os.utime(file, (then, then))


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
