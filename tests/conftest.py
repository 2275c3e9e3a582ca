"""What tests share: a media site of ours and a running Inlay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media.site import MediaSite
from tests.running import Inlay


@pytest.fixture
def site() -> Iterator[MediaSite]:
    with MediaSite() as running:
        yield running


@pytest.fixture
def inlay(tmp_path: Path) -> Iterator[Inlay]:
    """A fresh installation with an admin, running."""
    with Inlay(tmp_path / "inlay") as running:
        running.add_user("alice", admin=True)
        yield running.start()
