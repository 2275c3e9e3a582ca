"""Who else is on a track: featured artists and cover credits, taken out of a title; names joined again."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from app.tags.text import Piece, join, key, pieces, squeeze
from app.tags.title_noise import CUT, without_tail
from app.tags.title_words import NOBODY_IN_PARTICULAR

_FEAT = r"(?:feat|ft|featuring)(?:\.\s*:?|:|(?=\s)|(?=[^\x00-\x7f]))\s*"
_BRACKETED = re.compile(rf"^\s*(?:{_FEAT}|w/\s*|with\s+)(?P<names>.+)$", re.IGNORECASE)
_WITH = re.compile(r"^\s*(?:with|w/)", re.IGNORECASE)
_PLAIN = re.compile(rf"(?:^|(?<=[\s\x02\"”』」])){_FEAT}(?P<names>[^\s].*)$", re.IGNORECASE)
# A name ends where a bracket was left out, at a separator, at a quote, or at the next feature.
_NAME_ENDS = re.compile(
    rf"{CUT}|\s[-–—~_|/]+\s|\s?[\"“”「」『』»]|\s['‘](?=\w)|\slive\s(?:at|in|on|from)\s|\s{_FEAT}",
    re.IGNORECASE,
)
# `(with you)` belongs to the name of a song, `(with Jane Roe)` names a guest.
_NOT_GUESTS = frozenset(
    "you me us her him them your my our the a an love this that lyrics no out it his their all".split()
)
_COVER_BY = re.compile(r"^(?P<kind>.*?)\b(?:cover(?:ed)?|版)\s+by\s+(?P<name>.+)$", re.IGNORECASE)
_BY = re.compile(r"^\s*by\s+(?P<name>.+)$", re.IGNORECASE)
# `"T (feat. B)"` leaves `"T "`.
_LOOSE_QUOTE = re.compile(r"\s+(['’\"”])(?=\s|$)")
_SEPARATE = re.compile(r"\s*(?:,|;|&|\sx\s|\band\b)\s*", re.IGNORECASE)


class Taken(NamedTuple):
    """A text without its credits, and the names that stood there."""

    text: str
    names: list[str]


def take_features(text: str) -> Taken:
    """`A - T (feat. B)` and `A ft. B - T` give `A - T` and `B`."""
    names: list[str] = []
    kept: list[Piece] = []
    for piece in pieces(text):
        kept.append(_without_bracket(piece, names) if piece.opening else _without_plain(piece, names))
    text = squeeze(join(kept))
    return Taken(_LOOSE_QUOTE.sub(r"\1", text) if names else text, _distinct(names))


def _without_bracket(piece: Piece, names: list[str]) -> Piece:
    found = _BRACKETED.match(piece.body)
    if piece.opening not in "([":
        return piece
    if not found:
        return _without_guests_of_cover(piece, names)
    guests = found["names"].strip()
    if _WITH.match(piece.body) and guests.split()[0].lower() in _NOT_GUESTS:
        return piece
    names.append(guests)
    return Piece(" ")


def _without_guests_of_cover(piece: Piece, names: list[str]) -> Piece:
    """`(metal cover feat. B)` gives `(metal cover)`; the guests of a remix stay with its remixer."""
    kind, _, _ = piece.body.partition(" cover ")
    found = _PLAIN.search(piece.body, len(kind)) if kind != piece.body else None
    if not found or piece.body[: found.start()].strip() != f"{kind} cover":
        return piece
    names.append(found["names"].strip())
    return Piece(f"{kind} cover", piece.opening)


def _without_plain(piece: Piece, names: list[str]) -> Piece:
    found = _PLAIN.search(piece.body)
    if not found:
        return piece
    guests = found["names"]
    end = _NAME_ENDS.search(guests)
    rest = guests[end.start() :] if end else ""
    guests = without_tail(squeeze(guests[: end.start()] if end else guests))
    if not key(guests):
        return piece
    names.append(guests)
    before = piece.body[: found.start()]
    return Piece(f"{before} {_without_plain(Piece(rest), names).body}")


def _distinct(names: list[str]) -> list[str]:
    """`featuring B ft. B` names B once."""
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(key(name), name.strip(" ,&-"))
    return [name for name in seen.values() if name]


def take_cover(text: str) -> Taken:
    """`O - T (metal cover by P)` gives `O - T (metal cover)` and the performer `P`; so does `(by P)`."""
    names: list[str] = []
    kept: list[Piece] = []
    for piece in pieces(text):
        found = (_COVER_BY.match(piece.body) or _BY.match(piece.body)) if piece.opening else None
        if found is None or names:
            kept.append(piece)
            continue
        names.append(found["name"].strip())
        kind = found.groupdict().get("kind")
        kept.append(Piece(CUT) if kind is None else Piece(squeeze(f"{kind} cover"), "("))
        kept.append(Piece(CUT))
    return Taken(join(kept), names)


def with_features(artist: str, names: list[str]) -> str:
    """The credit as MusicBrainz spells it: `A feat. B & C`. Who is an artist anyway is not named again."""
    known = {key(part) for part in [artist, *_SEPARATE.split(artist)]}
    guests = [name for name in names if key(name) not in known]
    if not guests:
        return artist
    return f"{artist} feat. {join_names(guests)}" if artist else ""


def artist_keys(artists: Iterable[str]) -> frozenset[str]:
    """The dictionary that `propose` asks: the artists of a library, without features, each as its key."""
    found = {key(main_artist(artist)) for artist in artists}
    return frozenset(name for name in found if len(name) > 1) - NOBODY_IN_PARTICULAR


def join_names(names: list[str]) -> str:
    """`A`, `A & B`, `A, B & C`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} & {names[-1]}"


def main_artist(artist: str) -> str:
    """The artist without the features: `A feat. B` gives `A`."""
    return re.split(r"\s+(?:feat|ft)\.\s", artist, maxsplit=1, flags=re.IGNORECASE)[0].strip()
