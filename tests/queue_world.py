"""A queue on a real database file: users, downloads in any state, sites with a past."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.accounts.model import User
from app.downloads.model import Download, Site, State
from app.downloads.schedule import Scheduler
from app.services import Services
from tests.accounts_app import make_services


class QueueWorld:
    """`add` hands in; `take` claims as a worker does and answers the taken link's name."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.services: Services = make_services(folder, **settings)
        self.services.settings.staging.mkdir(exist_ok=True)
        self.scheduler = Scheduler(self.services)
        self.users: dict[str, int] = {}
        self.numbers = iter(range(1, 10_000))

    def user(self, name: str) -> int:
        if name not in self.users:
            with self.services.db.write() as session:
                user = User(name=name, name_key=name, password_hash="x")
                session.add(user)
                session.flush()
                self.users[name] = user.id
        return self.users[name]

    def add(self, title: str, *, user: str = "alice", site: str = "one.example", **more: Any) -> str:
        download = Download(
            user_id=self.user(user),
            url=f"https://{site}/{title}",
            url_key=f"{site}/{title}",
            site=site,
            title=title,
            format="mp3",
            conflict="keep_both",
            **{"queue_order": next(self.numbers), **more},
        )
        with self.services.db.write() as session:
            session.add(download)
        return download.id

    def site(self, name: str, **facts: Any) -> None:
        with self.services.db.write() as session:
            session.add(Site(name=name, **{"pauses": 0, **facts}))

    def take(self) -> str | None:
        taken = self.scheduler.claim()
        return taken.title if taken else None

    def take_all(self) -> list[str]:
        return list(iter(self.take, None))

    def get(self, id: str) -> Download | None:
        with self.services.db.read() as session:
            return session.get(Download, id)

    def change(self, id: str, **values: Any) -> None:
        with self.services.db.write() as session:
            download = session.get(Download, id)
            for name, value in values.items():
                setattr(download, name, value)

    def end(self, title: str) -> None:
        """The download of this title is done: its place is free."""
        with self.services.db.write() as session:
            for download in session.query(Download).filter_by(title=title):
                download.state = State.DONE


@contextmanager
def queue_world(folder: Path, **settings: Any) -> Iterator[QueueWorld]:
    world = QueueWorld(folder, **settings)
    yield world
    world.services.db.close()
