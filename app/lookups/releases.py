"""Which of the releases of a recording names its album."""

from collections.abc import Sequence

from app.lookups.recording import Release
from app.tags.keys import album_key

_KINDS = {"Album": 0, "EP": 1, "Single": 1, "": 2}
_OTHER_KIND = 3
MOST = 6
_UNDATED = "9999"
# What a release is says what each recording on it is, if it is on no other.
_TELLING = {"Live": "live", "Remix": "remix", "DJ-mix": "mix", "Demo": "demo"}


def best_release(releases: Sequence[Release], album: str = "") -> Release | None:
    """The one that says `album`; else an official one that is no compilation, albums first, the earliest."""
    return next(iter(shortlist(releases, album)), None)


def shortlist(releases: Sequence[Release], album: str = "") -> tuple[Release, ...]:
    """The best of each album, the best album first. A hit is on hundreds of releases; these are kept."""
    wanted = album_key(album)

    def order(one: Release) -> tuple[object, ...]:
        return (
            not (wanted and album_key(one.title) == wanted),
            not one.official,
            _is_compilation(one),
            bool(one.also),
            _KINDS.get(one.kind, _OTHER_KIND),
            one.date or _UNDATED,
            one.id,
        )

    found: dict[str, Release] = {}
    for one in sorted(releases, key=order):
        found.setdefault(album_key(one.title), one)
    return tuple(found.values())[:MOST]


def kind_of_all(releases: Sequence[Release]) -> str:
    """`live` when all of them are live albums, and so on; empty when they are not of one such kind."""
    kinds = [{_TELLING[kind] for kind in one.also if kind in _TELLING} for one in releases]
    common = set.intersection(*kinds) if kinds else set()
    return min(common, default="")


def _is_compilation(release: Release) -> bool:
    return "Compilation" in release.also or release.artist.casefold() == "various artists"
