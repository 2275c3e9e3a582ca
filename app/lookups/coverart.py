"""Cover Art Archive: the front of a release as our own clean picture, for the file, or small to look at."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.errors import InlayError
from app.lookups.client import Client
from app.lookups.musicbrainz import MBID
from app.lookups.turns import Trouble
from app.tags.cover import SIZE_PX, square_safely

SMALLEST_PX = 500
# The archive's own reductions: 1200 px where there are so many, never enlarged.
SIZE, SMALL_SIZE = 1200, 250
SMALL_PX = 112
"""Twice the side at which the page shows it."""


def front(client: Client, release_id: str, group_id: str) -> bytes | None:
    """The front cover of this release, else of its release group: a square JPEG that a child of ours made.

    None when there is none of at least 500 px. Raises Trouble.
    """
    for picture in _pictures(client, release_id, group_id, SIZE):
        square, side_px = _square(picture, SIZE_PX)
        if side_px >= SMALLEST_PX:
            return square
    return None


def small(client: Client, release_id: str, group_id: str) -> bytes | None:
    """As `front`, but small, and of whatever size there is. Raises Trouble."""
    found = next(_pictures(client, release_id, group_id, SMALL_SIZE), None)
    return smaller(found) if found else None


def smaller(picture: bytes) -> bytes:
    """A picture, small. Raises Trouble."""
    return _square(picture, SMALL_PX)[0]


def _pictures(client: Client, release_id: str, group_id: str, size: int) -> Iterator[bytes]:
    """As they came; each is asked for when it is wanted."""
    for kind, id in (("release", release_id), ("release-group", group_id)):
        if MBID.fullmatch(id) and (picture := client.picture("coverart", f"/{kind}/{id}/front-{size}")):
            yield picture


def _square(picture: bytes, size_px: int) -> tuple[bytes, int]:
    """The square and its side in pixels."""
    with tempfile.TemporaryDirectory(prefix="inlay-cover-") as folder:
        came, made = Path(folder) / "came", Path(folder) / "made.jpg"
        came.write_bytes(picture)
        try:
            side_px = square_safely(came, made, size_px=size_px)
        except InlayError as error:
            raise Trouble(f"coverart: {error.message}") from error
        return made.read_bytes(), side_px
