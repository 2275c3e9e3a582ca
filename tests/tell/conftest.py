"""A database with two people and a teller that is in a hurry."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from app.accounts import queries as accounts
from app.accounts.model import User
from app.downloads import queries as downloads
from app.downloads.model import Download, StagedTrack, State
from app.library.model import Track
from app.services import Services
from app.tags.model import Proposal, Tags
from app.tell import forms, queries
from app.tell.model import Hook, Message
from app.tell.teller import Pace, Teller
from tests.accounts_app import make_services
from tests.running import wait_for
from tests.tell.fakes import Listener
from tests.two_people import QUALITY

_numbers = count(1)
QUICK = Pace(
    quiet_s=0.3, longest_s=2, batch_s=0.3, batch_longest_s=2, delays_s=(0.2, 0.4, 0.8), deadline_s=1.0
)


@dataclass
class World:
    services: Services
    alice: User
    """An admin."""
    bob: User

    def hook(self, who: User | None = None, **data: str) -> str:
        """Set one up as the page does; answers its id."""
        with self.services.db.write() as session:
            return forms.new(session, who or self.alice, data)[0].id

    def read(self, id: str) -> Hook:
        with self.services.db.read() as session:
            hook = queries.by_id(session, id)
        assert hook
        return hook

    def outbox(self, id: str) -> list[Message]:
        with self.services.db.read() as session:
            return list(queries.waiting(session, id))

    def add_track(self, **more: Any) -> str:
        name = f"Ida Holm/Saltmarsh {next(_numbers)}.mp3"
        values = {"path": name, "path_key": name.lower(), "size_bytes": 1, "mtime_ns": 1, "inode": 1}
        with self.services.db.write() as session:
            track = Track(**values | more)
            session.add(track)
            session.flush()
            return track.id

    def change(self, id: str, **values: Any) -> None:
        with self.services.db.write() as session:
            track = session.get(Track, id)
            for name, value in values.items():
                setattr(track, name, value)

    def download(self, who: User, title: str = "Saltmarsh", **more: Any) -> str:
        """One that has just been fetched."""
        number = next(_numbers)
        tags = Tags(title=title, artist="Ida Holm")
        track = StagedTrack(source_file="source.mp3", source_quality=QUALITY, proposal=Proposal(), tags=tags)
        with self.services.db.write() as session:
            row = Download(
                user_id=who.id,
                url=f"https://a.example/{number}",
                url_key=f"a.example/{number}",
                site="a.example",
                state=State.DOWNLOADING,
                format="mp3",
                conflict="keep_both",
                title=title,
                tracks=[track],
                **more,
            )
            session.add(row)
            session.flush()
            return row.id

    def move(self, id: str, *states: State) -> None:
        for state in states:
            with self.services.db.write() as session:
                assert downloads.move(session, id, state)


def make_world(folder: Path, **settings: Any) -> World:
    services = make_services(folder, **{"allow_hosts": (), "retry_delays_s": (), **settings})
    with services.db.write() as session:
        alice = accounts.create_user(session, "alice", "x", is_admin=True)
        bob = accounts.create_user(session, "bob", "x", is_admin=False)
    return World(services, alice, bob)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path / "data")
    yield made
    made.services.db.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as running:
        yield running


@pytest.fixture
def start(world: World) -> Iterator[Callable[[], Teller]]:
    """Start a teller of this world, as a start of Inlay does."""
    running: list[Teller] = []

    def start() -> Teller:
        teller = Teller(world.services, QUICK)
        teller.start()
        running.append(teller)
        return teller

    yield start
    for teller in running:
        teller.stop()


def soon(what: Callable[[], Any], seconds: float = 8.0) -> Any:
    return wait_for(what, seconds, every=0.02)


def later(seconds: float = 1.0) -> None:
    """Long enough for what should not happen."""
    time.sleep(seconds)
