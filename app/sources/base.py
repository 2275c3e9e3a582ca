"""What every source takes and gives: an order to fetch one track, and what came of it."""

from typing import Any, Protocol

import msgspec

from app.children.child import Emit

COOKIES = "cookies.txt"
"""In a download's folder, for a moment: the person's cookies of the link's site."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Fetch the audio behind one link into one folder."""

    url: str
    folder: str
    quality: str
    """bestaudio, worstaudio, best or worst; a service may know more."""
    max_duration_s: int
    max_file_bytes: int
    proxy: str
    """Everything goes through here: the egress guard, with this download's name and token."""
    ca_file: str | None = None
    with_cookies: bool = False
    """The folder holds COOKIES: read once, and gone from there at once."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """One fetched track, not yet looked at: the bytes are a stranger's."""

    info: dict[str, Any]
    file: str
    """Name in the order's folder."""
    thumbnail: str | None = None


class Source(Protocol):
    """Runs in a child. Emits `{"probed": {title, uploader, duration_s}}` once and `{"progress": {…}}` often.

    Raises Failure with a kind and a sentence.
    """

    def __call__(self, order: Order, emit: Emit) -> Fetched: ...


QUALITIES = ("bestaudio", "worstaudio", "best", "worst")
