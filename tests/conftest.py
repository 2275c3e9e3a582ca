"""What tests share: a media site of ours and a running Inlay."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media.site import MediaSite
from tests.running import Inlay

Installed = tuple[Path, str]


LONGEST = (
    "faults/test_chaos.py",
    "faults/test_sweep_kills.py",
    "faults/test_sweep_errors.py",
    "faults/test_trash.py",
    "hostile/test_inside.py",
    "hostile/test_bombs.py",
    "test_web_fuzz.py",
    "browser/test_hostile_corpus.py",
)
"""Files that one process works on for long: they begin first, so that none is left over at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    turns = {here / name: turn for turn, name in enumerate(LONGEST)}
    items.sort(key=lambda item: turns.get(item.path, len(LONGEST)))


@pytest.fixture(scope="module")
def site() -> Iterator[MediaSite]:
    with MediaSite() as running:
        yield running


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The data folder of an installation with Alice, an admin, and a token of hers: made once, and copied."""
    with Inlay(tmp_path_factory.mktemp("installed")) as inlay:
        return inlay.data, inlay.add_user("alice", admin=True)


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> Iterator[Inlay]:
    """A fresh installation with Alice, running. The tests of one file share it."""
    data, token = installed
    with Inlay(tmp_path_factory.mktemp("inlay")) as running:
        shutil.copytree(data, running.data)
        running.token = token
        yield running.start()
