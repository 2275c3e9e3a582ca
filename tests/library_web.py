"""The web application over a library of its own, for two people who are signed in."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from litestar.testing import TestClient

from app.accounts import sessions, setup
from app.accounts.model import Scope
from app.children.parent import WarmParent
from app.downloads.progress import ProgressBoard
from app.library.derived import derive
from app.library.model import Track
from app.services import Services
from app.settings import Settings
from app.tags.model import Tags
from app.web import create_app
from tests.library_world import LibraryWorld, make_world

HTMX = {"HX-Request": "true"}


@dataclass(frozen=True)
class Web:
    world: LibraryWorld
    client: "TestClient[object]"
    services: Services
    tokens: dict[str, str] = field(default_factory=dict)
    """By name: alice, who asks, and bob."""

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers={name.replace("_", "-"): text for name, text in headers.items()})

    def titles(self, path: str, **headers: str) -> list[str]:
        answer = self.client.get(path, headers={**HTMX, **headers})
        assert answer.status_code == 200, answer.text
        return re.findall(r'class="name"[^>]*>(.*?)</', answer.text)

    def as_user(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[name]}"}


@contextmanager
def serving(folder: Path) -> Iterator[Web]:
    world = make_world(folder)
    settings = Settings(data_dir=world.data, library_dir=world.library)
    warm = WarmParent("app.sources.warmup:warm_up")
    services = Services(settings, world.db, b"0" * 32, lambda name, id: None, warm)
    tokens = {}
    for name in ("alice", "bob"):
        user = setup.create_user(world.db, name, "a long password", is_admin=False)
        with world.db.write() as session:
            _, tokens[name] = sessions.create_token(session, user.id, Scope.FULL, "tests")
    with TestClient(create_app(services, ProgressBoard(folder))) as client:
        client.headers["Authorization"] = f"Bearer {tokens['alice']}"
        yield Web(world, client, services, tokens)
    world.db.close()


def add_rows(world: LibraryWorld, *titles: str, **more: object) -> list[str]:
    """Rows without files, added one after the other; their ids. `more` are tags and columns."""
    names = set(Tags.__struct_fields__)
    tags = {name: value for name, value in more.items() if name in names}
    added = []
    with world.db.write() as session:
        for title in titles:
            path = f"{len(world.all_tracks())}-{len(added)}-{title}.mp3"
            derived = derive(Tags(title=title, **tags), path)  # type: ignore[arg-type]
            values = {"size_bytes": 1, "mtime_ns": 1, "inode": 1, **derived, **more}
            track = Track(path=path, path_key=path, title=title, **values)
            session.add(track)
            session.flush()
            added.append(track.id)
    return added
