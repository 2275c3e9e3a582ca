"""yt-dlp's downloader, with an end to what it reads into memory at once and to where one page sends it."""

from collections.abc import Callable
from typing import Any

from yt_dlp import YoutubeDL

from app.errors import Failure, FailureKind
from app.languages.say import say

MAX_PAGE_BYTES = 16 * 1024 * 1024
"""Pages, lists and manifests; media are read piece by piece and have limits of their own."""
PIECE_BYTES = 64 * 1024
MAX_PAGES = 12
"""A short link leads to a page, that to a player, that to a file; what is longer goes in circles."""


class Downloader(YoutubeDL):  # type: ignore[misc]
    pages = 0

    def extract_info(self, *args: Any, **options: Any) -> Any:
        """Also what yt-dlp calls for each page that a page sends it to."""
        self.pages += 1
        if self.pages > MAX_PAGES:
            sentence = say("The link leads in circles. Copy the address of the page again.")
            raise Failure(FailureKind.PERMANENT, sentence)
        return super().extract_info(*args, **options)

    def urlopen(self, req: Any) -> Any:
        response = super().urlopen(req)
        response.read = _limited(response.read)
        return response


def _limited(read: Callable[..., bytes]) -> Callable[..., bytes]:
    """The same, but whoever asks for all of it gets so much at most: a packed page may be of any size."""

    def limited(amount: int | None = None) -> bytes:
        if amount is not None:
            return read(amount)
        pieces, size = [], 0
        while piece := read(PIECE_BYTES):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_PAGE_BYTES:
                raise Failure(FailureKind.PERMANENT, "The page behind this link is too large to be read.")
        return b"".join(pieces)

    return limited
