"""A database, the fakes, and a client that looks only there."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import app.accounts.model
import app.downloads.model  # noqa: F401
from app.db import Base, Database
from app.lookups.cache import Cache
from app.lookups.client import Client
from app.lookups.desk import Desk, allowed
from app.setting_values import LOOKUPS
from app.settings import Settings
from app.sources.egress import EgressGuard
from tests.lookups.fakes import Fakes


@pytest.fixture
def fakes() -> Iterator[Fakes]:
    with Fakes() as running:
        yield running


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "inlay.db")
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def cache(db: Database) -> Cache:
    return Cache(db)


@pytest.fixture
def settings(fakes: Fakes) -> Settings:
    return settings_for(fakes)


def settings_for(fakes: Fakes, **more: Any) -> Settings:
    given = {"lookups": LOOKUPS, "contact": "me@example.org", "acoustid_key": "key-of-mine", **fakes.settings}
    return Settings(**{**given, **more})


@pytest.fixture
def make_client(settings: Settings) -> Iterator[Callable[..., Client]]:
    with ExitStack() as stack:

        def make(settings: Settings = settings, *, gap_s: float = 0.0, deadline_s: float = 5.0) -> Client:
            guard = EgressGuard(allowed(settings), own_ports={settings.port}, upstream=settings.proxy)
            guard.start()
            stack.callback(guard.stop)
            return Client(settings, guard, gap_s=gap_s, deadline_s=deadline_s)

        yield make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client()


@pytest.fixture
def make_desk(settings: Settings, db: Database) -> Iterator[Callable[..., Desk]]:
    with ExitStack() as stack:

        def make(settings: Settings = settings, *, gap_s: float = 0.0, deadline_s: float = 5.0) -> Desk:
            desk = Desk(settings, db, gap_s=gap_s, deadline_s=deadline_s)
            desk.start()
            stack.callback(desk.stop)
            return desk

        yield make


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()
