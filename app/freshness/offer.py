"""What an update's child is told and hands back: what the index offers, and what was brought of it."""

import msgspec

TREE = "tree"
"""The folder that an offer is unpacked into, ready to be tried."""


class Way(msgspec.Struct, frozen=True):
    """The way out: the egress guard's address with a login, and whom to trust."""

    proxy: str
    ca_file: str | None


class Offer(msgspec.Struct, frozen=True):
    """A wheel that the index has."""

    version: str
    url: str
    sha256: str


class Offers(msgspec.Struct, frozen=True):
    newest: Offer | None
    withdrawn: list[str]
    """Versions that their makers have taken back."""


class Brought(msgspec.Struct, frozen=True):
    ejs: str | None
    """The version of yt-dlp-ejs beside it."""
