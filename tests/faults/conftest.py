"""Installations that are ready at once: the database and its user are made once and copied."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.conftest import Installed
from tests.faults.invariants import LibraryWatch, assert_nothing_left
from tests.faults.world import Scene
from tests.media.site import MediaSite

MakeScene = Callable[..., Scene]
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.failed:  # type: ignore[attr-defined]
        item.stash[FAILED] = True
    return report


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


class Lender:
    """One installation at a time that runs, handed on from test to test: to start one costs seconds.

    With other settings it is another one. So it is after a test that failed.
    """

    def __init__(self, folder: Path, installed: Installed) -> None:
        self.folder = folder
        self.data, self.token = installed
        self.settings: dict[str, str] = {}
        self.scene: Scene | None = None
        self.watch: LibraryWatch | None = None
        self._numbers = count()
        self._stack = ExitStack()

    def lend(self, watched: bool, settings: dict[str, str]) -> Scene:
        if self.scene and settings != self.settings:
            self.end()
        if not self.scene:
            self.scene, self.settings = self._make(watched, settings), settings
        scene = self.scene
        scene.site.mend()
        scene.site.clear()
        if not scene.process or scene.process.poll() is not None:
            scene.start()
        return scene

    def _make(self, watched: bool, settings: dict[str, str]) -> Scene:
        home = self.folder / f"inlay-{next(self._numbers)}"
        shutil.copytree(self.data, home / "data")
        site = self._stack.enter_context(MediaSite())
        scene = self._stack.enter_context(Scene(home, site, self.token, **settings))
        if watched:
            self.watch = self._stack.enter_context(LibraryWatch(scene.library))
        return scene

    def end(self) -> None:
        """Nothing may be left of what all the tests did with it."""
        if self.scene:
            if self.scene.process and self.scene.process.poll() is None:
                assert self.scene.stop() == 0
            if self.watch:
                assert_nothing_left(self.scene)
        self._stack.close()
        self.scene = self.watch = None

    def drop(self, why: BaseException) -> None:
        self._stack.__exit__(type(why), why, None)
        self.scene = self.watch = None


@pytest.fixture(scope="module")
def lender(tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> Iterator[Lender]:
    made = Lender(tmp_path_factory.mktemp("lent"), installed)
    try:
        yield made
        made.end()
    finally:
        made.drop(RuntimeError("something of it was left"))


@pytest.fixture
def lend(lender: Lender, request: pytest.FixtureRequest) -> Iterator[MakeScene]:
    """A running installation with these settings, which the tests of a file hand on to each other."""

    def lend(*, watched: bool = True, **settings: str) -> Scene:
        return lender.lend(watched, settings)

    yield lend
    if request.node.stash.get(FAILED, False):
        lender.drop(RuntimeError("the test failed"))
    elif lender.watch:
        lender.watch.check()


@pytest.fixture
def scene(lend: MakeScene) -> Scene:
    """A running installation, and the media site."""
    return lend()
