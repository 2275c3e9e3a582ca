"""Who performs what: the artist and the title of one track, from the most trusted part of an info."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from app.languages.say import say
from app.tags import info as read
from app.tags.channels import read_channel
from app.tags.credits import join_names, main_artist, take_features, with_features
from app.tags.descriptions import NOTHING_SAID, Described
from app.tags.model import Suggestion
from app.tags.text import clean, key, pieces, squeeze, words
from app.tags.title_noise import trim
from app.tags.title_words import COVERS, NOBODY_IN_PARTICULAR
from app.tags.titles import AGREES, FROM_CHANNEL, FROM_TITLE, KNOWN, WHOLE_TITLE, ParsedTitle, parse_title

_COUNTED = re.compile(r"\s\(\d{1,2}\)$")
_STEM_NUMBER = re.compile(r"^(?P<number>0\d|\d{2}(?=\s*[-.]))\s*[-.]*\s*(?P<rest>\D.*)$")

SAID = 0.95
"""The source's own field says so."""
READ = 0.9
LIKELY = 0.7
GUESSED = 0.5
HINTED = 0.3


TOLD_TOO = say("from the title, and the description agrees")


class Credit(NamedTuple):
    """Who performs what, as one kind of source tells it."""

    artist: Suggestion
    title: Suggestion
    album_artist: str = ""


def suggest(value: str, reason: str, confidence: float) -> Suggestion:
    return Suggestion(value=clean(value), reason=reason, confidence=confidence)


def find_credit(
    info: Mapping[str, Any], known: Collection[str] = frozenset(), described: Described = NOTHING_SAID
) -> Credit:
    """The first kind of source that knows: fields, YouTube's own description, then the upload's title.

    `known` are the keys of the artists in the person's library.
    """
    artists = _artists(info)
    track = read.text(info, "track")
    if read.site(info) == "soundcloud":
        return _from_soundcloud(info, artists, known)
    if track and (compiled := _from_compilation(info, artists, track)):
        return compiled
    if artists and track:
        return _from_fields(info, artists, track)
    if generated := _from_description(info):
        return generated
    if artists or track:
        return _from_some_fields(info, artists, track)
    return _from_title(info, known, described)


def _artists(info: Mapping[str, Any]) -> list[str]:
    """The performers. Mixcloud's are those whose tracks a set plays."""
    listed = [] if read.site(info) == "mixcloud" else read.names(info, "artists", "artist")
    return [name for name in listed if key(name) not in NOBODY_IN_PARTICULAR]


def _from_soundcloud(info: Mapping[str, Any], artists: list[str], known: Collection[str]) -> Credit:
    """People type titles there as on a video site; the artist, if given, is the label's data."""
    parsed = _parsed(info, join_names(artists) or read.channel(info), known)
    if not artists or parsed.reason not in (FROM_CHANNEL, AGREES):
        return _credit_of(parsed)
    return _credited(artists, parsed.title, read.from_site(info))


def _from_compilation(info: Mapping[str, Any], artists: list[str], track: str) -> Credit | None:
    """On a compilation the track is `Artist - Title`, and the artist that is given is its label or nobody."""
    left, dash, right = (part.strip() for part in track.partition(" - "))
    listed = read.names(info, "artists", "artist")
    own = artists == read.names(info, "album_artists", "album_artist")
    label = own and read_channel(join_names(artists)).publisher
    nobody = bool(listed and not artists)
    if not (dash and left and right) or not (nobody or label or _remixed_by(artists, right)):
        return None
    return _credited([left], right, read.from_site(info))


def _remixed_by(artists: list[str], title: str) -> bool:
    """`A - T (B Remix)` on B's page: B is given as the artist, but plays another's track."""
    brackets = [key(part.body) for part in pieces(title) if part.opening and "remix" in words(part.body)]
    return any(key(name) in body for name in artists for body in brackets)


def _from_fields(info: Mapping[str, Any], artists: list[str], track: str) -> Credit:
    """`track` and `artists`: music services. A track may repeat its artist: `A - T` by A."""
    left, dash, right = (part.strip() for part in track.partition(" - "))
    repeated = dash and right and key(left) in {key(join_names(artists)), *(key(name) for name in artists)}
    return _credited(artists, right if repeated else track, read.from_site(info), _main_name(info, artists))


def _credited(artists: list[str], track: str, reason: str, main: str = "") -> Credit:
    """A list of artists and a title that may name features among them."""
    title, guests = take_features(track)
    named = {key(name) for guest in guests for name in [guest, *re.split(r"\s*[,&]\s*", guest)]}
    own = [name for name in artists if key(name) not in named] or artists[:1]
    artist = with_features(join_names(own), guests)
    return Credit(suggest(artist, reason, SAID), suggest(trim(title) or track, reason, SAID), main)


def _main_name(info: Mapping[str, Any], artists: list[str]) -> str:
    """Whose channel it is, when that is one of the artists: `A - Topic` for A, B and C."""
    host = read_channel(read.channel(info))
    return next((name for name in artists if key(name) in host.whole), "")


def _from_description(info: Mapping[str, Any]) -> Credit | None:
    """`Provided to YouTube by X / Title · Artist · Artist / Album`."""
    parts = read.description_parts(info)
    track, *artists = [part.strip() for part in parts[0].split(" · ")] if parts else [""]
    if not track or not artists:
        return None
    return _credited(artists, track, read.from_site(info), _main_name(info, artists))


def _from_some_fields(info: Mapping[str, Any], artists: list[str], track: str) -> Credit:
    """Either the artist or the track is known; the title and the channel have to tell the other."""
    parsed = _parsed(info, join_names(artists))
    reason = read.from_site(info)
    if track:
        return _credit_of(parsed)._replace(title=suggest(track, reason, SAID))
    if parsed.reason == AGREES:
        return _credited(artists, parsed.title, reason)
    whole = whole_title(info) if parsed.reason == FROM_TITLE else parsed.title
    credit = _credited(artists, whole, reason)
    return credit._replace(title=suggest(credit.title.value, WHOLE_TITLE, LIKELY))


def _from_title(info: Mapping[str, Any], known: Collection[str], described: Described) -> Credit:
    told = {folded for name in described.artists if (folded := key(name)) not in known}
    host = read.channel(info)
    parsed = _parsed(info, host, frozenset(known) | told if told else known)
    if described is not NOTHING_SAID and (credit := _with_description(parsed, described, host)):
        return credit
    if parsed.artist and parsed.reason != FROM_CHANNEL:
        return _credit_of(parsed)
    creators = read.names(info, "creators", "creator", "album_artists", "album_artist")
    if not creators or key(creators[0]) in NOBODY_IN_PARTICULAR:
        return _credit_of(parsed)
    return _credited(creators, parsed.title, read.from_site(info))


def _with_description(parsed: ParsedTitle, described: Described, host: str) -> Credit | None:
    """A described artist confirms the title's, or steps in where the title names nobody for sure."""
    named = {key(name) for name in described.artists}
    if not named.isdisjoint(key(name) for name in [main_artist(parsed.artist), *_apart(parsed.artist)]):
        agreed = parsed.reason == KNOWN
        return _credit_of(replace(parsed, reason=TOLD_TOO) if agreed else parsed)
    publisher = read_channel(host).publisher
    unnamed = publisher or parsed.reason in (FROM_CHANNEL, WHOLE_TITLE)
    # Who covers a song describes whose it is.
    if parsed.sure or not unnamed or not COVERS.isdisjoint(words(parsed.title)):
        return None
    artists = described.artists or (described.composers if publisher else ())
    if not artists:
        return None
    same = key(described.title) == key(parsed.title)
    credit = _credited(list(artists), parsed.title, described.reason)
    sure = READ if same and described.artists else LIKELY
    return Credit(
        suggest(credit.artist.value, described.reason, sure),
        suggest(credit.title.value, parsed.reason, READ if same else LIKELY),
    )


def _apart(artist: str) -> list[str]:
    return re.split(r"\s*[,&]\s*", main_artist(artist))


def _parsed(info: Mapping[str, Any], channel: str, known: Collection[str] = frozenset()) -> ParsedTitle:
    return parse_title(whole_title(info), channel, known)


def whole_title(info: Mapping[str, Any]) -> str:
    """The upload's title; a file's name without number and underscores; a page's player without `(1)`."""
    title = clean(info.get("title"), 1_000)
    if read.site(info) == "html5":
        return _COUNTED.sub("", title)
    if not read.is_direct_file(info):
        return title
    spaced = squeeze(title.replace("_", " "))
    found = _STEM_NUMBER.match(spaced)
    return found["rest"] if found else spaced


def stem_number(info: Mapping[str, Any]) -> str:
    """The track number in front of a file's name: `03_song`, `12 - song`."""
    if not read.is_direct_file(info):
        return ""
    found = _STEM_NUMBER.match(read.text(info, "title").replace("_", " "))
    return found["number"].lstrip("0") if found else ""


def _credit_of(parsed: ParsedTitle) -> Credit:
    confidence = READ if parsed.sure else GUESSED
    if parsed.reason == FROM_CHANNEL or not parsed.artist:
        return Credit(
            suggest(parsed.artist, FROM_CHANNEL, GUESSED), suggest(parsed.title, WHOLE_TITLE, LIKELY)
        )
    return Credit(
        suggest(parsed.artist, parsed.reason, confidence), suggest(parsed.title, parsed.reason, confidence)
    )
