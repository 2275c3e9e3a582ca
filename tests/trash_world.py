"""A library with some tracks, and the services that delete, replace and edit them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.accounts.model import User
from app.children.parent import WarmParent
from app.library import queries
from app.library.folder import MARKER
from app.library.index import scan
from app.library.model import Track
from app.services import Services
from app.settings import Settings
from app.tags import containers
from app.tags.model import Tags
from tests.library_world import LibraryWorld, make_world
from tests.media.audio import make

PATH = "Ida Holm/Estuary/03 Saltmarsh.mp3"


@dataclass(frozen=True)
class TrashWorld:
    world: LibraryWorld
    services: Services
    alice: int
    bob: int

    @property
    def library(self) -> Path:
        return self.world.library

    @property
    def trash(self) -> Path:
        return self.services.settings.trash

    def track(self, path: str = PATH, **more: Any) -> Track:
        """A track that was scanned a while ago."""
        tags = {"title": "Saltmarsh", "artist": "Ida Holm", "album": "Estuary", "date": "2019", **more}
        kind = path.rpartition(".")[2]
        self.world.add(path, kind=kind, **tags)
        self.scan()
        return self.world.tracks()[path]

    def scan(self) -> None:
        scan(self.world.db, self.library)

    def row(self, id: str) -> Track:
        with self.world.db.read() as session:
            track = session.get(Track, id)
        assert track
        return track

    def there(self, id: str) -> Track | None:
        with self.world.db.read() as session:
            return queries.by_id(session, id)

    def files(self) -> list[str]:
        """What a player sees."""
        return sorted(
            str(file.relative_to(self.library))
            for file in self.library.rglob("*")
            if file.is_file() and not file.name.startswith(".")
        )

    def hidden(self) -> list[str]:
        """What should not be left in library and trash after a change."""
        found = [path.name for path in self.library.rglob(".*") if path.name != MARKER]
        kept = self.trash.iterdir() if self.trash.exists() else ()
        return found + [path.name for path in kept if path.name.startswith(".inlay-")]

    def in_trash(self) -> list[bytes]:
        kept = self.trash.iterdir() if self.trash.exists() else ()
        return [path.read_bytes() for path in sorted(kept) if not path.name.startswith(".")]

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.world.data / "inlay.db")) as db:
            return db.execute(query).fetchall()

    def new_file(self, name: str = "new.mp3", **tags: str) -> Path:
        """What a download would bring."""
        file = self.world.data / name
        file.write_bytes(make(name.rpartition(".")[2], 2).read_bytes())
        containers.write(file, Tags(**{"title": "Saltmarsh", "artist": "Ida Holm", **tags}), None)  # type: ignore[arg-type]
        return file


@contextmanager
def trash_world(folder: Path, library: Path | None = None, **settings: Any) -> Iterator[TrashWorld]:
    world = make_world(folder, library)
    made = Settings(data_dir=world.data, library_dir=world.library, **settings)
    warm = WarmParent("app.sources.warmup:warm_up")
    services = Services(made, world.db, b"0" * 32, lambda name, id: None, warm)
    with world.db.write() as session:
        users = [User(name=name, name_key=name, password_hash="x") for name in ("alice", "bob")]
        session.add_all(users)
        session.flush()
        alice, bob = (user.id for user in users)
    try:
        yield TrashWorld(world, services, alice, bob)
    finally:
        world.db.close()
