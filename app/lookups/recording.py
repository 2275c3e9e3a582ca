"""What we keep of a recording and of the releases that it is on."""

import msgspec


class Release(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One edition, and where on it the recording is."""

    id: str
    title: str
    artist: str = ""
    group_id: str = ""
    official: bool = False
    kind: str = ""
    """`Album`, `Single`, `EP`, `Broadcast`, `Other` or empty."""
    also: tuple[str, ...] = ()
    """`Compilation`, `Live`, `Soundtrack`, `Remix`, `DJ-mix` …"""
    date: str = ""
    track_no: int | None = None
    disc_no: int | None = None
    """Only where there are several."""


class Recording(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    title: str
    artist: str
    comment: str = ""
    """What tells it from others of that name: `live, 1999-05-01: Pier`."""
    artist_ids: tuple[str, ...] = ()
    length_ms: int | None = None
    date: str = ""
    genre: str = ""
    isrc: str = ""
    """The first, where it has several."""
    releases: tuple[Release, ...] = ()
