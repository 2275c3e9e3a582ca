"""Cover Art Archive: the front of a release as our own clean picture."""

import tempfile
from pathlib import Path

from app.errors import InlayError
from app.lookups.client import Client
from app.lookups.musicbrainz import MBID
from app.lookups.turns import Trouble
from app.tags.cover import square_safely

SMALLEST_PX = 500
# The archive's own reductions: 1200 px where there are so many, never enlarged.
SIZE = 1200


def front(client: Client, release_id: str, group_id: str) -> bytes | None:
    """The front cover of this release, else of its release group: a square JPEG that a child of ours made.

    None when there is none of at least 500 px. Raises Trouble.
    """
    for kind, id in (("release", release_id), ("release-group", group_id)):
        if not MBID.fullmatch(id):
            continue
        picture = client.picture("coverart", f"/{kind}/{id}/front-{SIZE}")
        if picture and (square := _square(picture)):
            return square
    return None


def _square(picture: bytes) -> bytes | None:
    with tempfile.TemporaryDirectory(prefix="inlay-cover-") as folder:
        came, made = Path(folder) / "came", Path(folder) / "made.jpg"
        came.write_bytes(picture)
        try:
            side_px = square_safely(came, made)
        except InlayError as error:
            raise Trouble(f"coverart: {error.message}") from error
        return made.read_bytes() if side_px >= SMALLEST_PX else None
