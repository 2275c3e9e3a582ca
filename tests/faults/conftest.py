"""Installations that are ready at once: the database and its user are made once and copied."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import Installed
from tests.faults.invariants import LibraryWatch
from tests.faults.world import Scene
from tests.media.site import MediaSite

MakeScene = Callable[..., Scene]


@pytest.fixture
def site() -> Iterator[MediaSite]:
    """A site for each test: what it was asked for is counted."""
    with MediaSite() as running:
        yield running


@pytest.fixture
def make_scene(tmp_path: Path, site: MediaSite, installed: Installed) -> Iterator[MakeScene]:
    """Installations to break, not started yet. Their libraries are watched for files that come in parts."""
    data, token = installed
    with ExitStack() as stack:

        def make(name: str = "inlay", **settings: str) -> Scene:
            home = tmp_path / name
            shutil.copytree(data, home / "data")
            scene = stack.enter_context(Scene(home, site, token, **settings))
            stack.enter_context(LibraryWatch(scene.library))
            return scene

        yield make


@pytest.fixture
def scene(make_scene: MakeScene) -> Scene:
    """A running installation, and the media site."""
    return make_scene().start()
