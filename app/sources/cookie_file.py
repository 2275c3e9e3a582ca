"""The cookies that a download may show, between their file and yt-dlp: in memory alone from here on."""

import io
import os
import re
from contextlib import suppress
from pathlib import Path

from app.errors import Failure
from app.sources.base import COOKIES, Order

SHORTEST_SECRET = 4
"""What is shorter is a word or a flag (`1`, `en`), and stands in texts by chance."""


class Cookies:
    """What yt-dlp gets as `cookiefile`. It writes into it at its end, which nobody reads.

    So nothing that a site sets outlives the download: two at once would overwrite each other's, and a site
    could plant cookies for the next one. What YouTube renews with each answer is not what makes a login.
    """

    def __init__(self, text: str) -> None:
        self.file = io.StringIO(text)
        values = {line.split("\t")[-1] for line in text.splitlines() if "\t" in line}
        told = sorted((one for one in values if len(one) >= SHORTEST_SECRET), key=len, reverse=True)
        self._secret = re.compile("|".join(map(re.escape, told))) if told else None

    def hide(self, text: str) -> str:
        """Without any of the values: a site may answer with what it was sent."""
        return self._secret.sub("…", text) if self._secret else text

    def hide_in(self, failure: Failure) -> Failure:
        hidden = self.hide(failure.message)
        if hidden != failure.message:
            failure.message, failure.args = hidden, (hidden,)
        return failure


def take_away(folder: Path) -> None:
    """Also what a killed worker has left."""
    with suppress(FileNotFoundError, NotADirectoryError):
        (folder / COOKIES).unlink()


def take(order: Order) -> Cookies | None:
    """Read the file and remove it: before a byte of a stranger's comes into this process."""
    if not order.with_cookies:
        return None
    folder = Path(order.folder)
    try:
        descriptor = os.open(folder / COOKIES, os.O_RDONLY | os.O_NOFOLLOW)
        with open(descriptor, encoding="ascii") as reader:
            return Cookies(reader.read())
    finally:
        take_away(folder)
