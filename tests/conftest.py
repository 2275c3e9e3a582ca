"""What tests share: a media site of ours and a running Inlay."""

from collections.abc import Iterator

import pytest

from tests.media.site import MediaSite
from tests.running import Inlay


@pytest.fixture(scope="module")
def site() -> Iterator[MediaSite]:
    with MediaSite() as running:
        yield running


@pytest.fixture(scope="module")
def inlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    """A fresh installation with Alice, an admin, running. The tests of one file share it."""
    with Inlay(tmp_path_factory.mktemp("inlay")) as running:
        running.add_user("alice", admin=True)
        yield running.start()
