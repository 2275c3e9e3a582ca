"""Reads artist and title out of what an upload is called."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from app.languages.say import say
from app.tags.channels import Channel, read_channel
from app.tags.credits import join_names, take_cover, take_features, with_features
from app.tags.text import clean, key, pieces, words
from app.tags.title_noise import (
    CUT,
    is_noise,
    names_recording,
    tidy,
    trim,
    without_noise,
    without_side,
    without_tail,
)
from app.tags.title_pipes import main_part
from app.tags.title_splits import Split, dash_parts, find_split, plain, recording_tail
from app.tags.title_words import FEATURE, OF_A_WORK, OFFICIAL, REMASTER

LONGEST_TITLE = 500

AGREES = say("from the title, and the channel agrees")
KNOWN = say("from the title, and your library has the artist")
FROM_TITLE = say("from the title")
FROM_CHANNEL = say("the channel's name")
FROM_TOPIC = say("from the artist's Topic channel")
COVERED = say("from the title, who covers it")
WHOLE_TITLE = say("the whole title")

_YEAR_BEHIND = re.compile(r"^(?P<title>.+?(?=,)|(?:\S+ ){3,}\S+(?= )),? (?:19|20)\d\d$")
_QUOTES = ('""', "“”", "''", "‘’", "「」", "『』", "【】", "«»", "””", "„“")

_FRONT_QUOTE = re.compile(
    r"^(?:「(?P<a>[^」]+)」|『(?P<b>[^』]+)』|[\"“](?P<c>[^\"“”]+)[\"”])\s*(?P<rest>\S.*)$"
)
_FILM_MUSIC = frozenset({"ost", "soundtrack"})


@dataclass(frozen=True)
class ParsedTitle:
    """What a title says. `artist` is empty when neither title nor channel names one."""

    artist: str
    title: str
    sure: bool
    reason: str


@dataclass(frozen=True)
class Credited:
    """A title's texts without the credits in them, and whom those named."""

    texts: list[str]
    guests: list[str]
    performers: list[str]


def parse_title(title: str, channel: str = "", known: Collection[str] = frozenset()) -> ParsedTitle:
    """Guess artist and title from an upload's title and its channel. Features become `X feat. Y`.

    `known` are the keys (`text.key`) of artists that the person has: they tell which side is the artist.
    """
    host = read_channel(clean(channel))
    host = replace(host, known=known) if known else host
    text = tidy(clean(title, LONGEST_TITLE))
    text = text if channel else without_side(text)
    if host.topic:
        return _topic(text, host)
    main = main_part(text, host)
    credited = _take_credits(main.texts, host)
    reader = replace(host, publisher=True) if credited.performers else host
    read = _performed(_read(credited.texts, reader), credited.performers)
    read = replace(read, sure=read.sure and main.plain and _vouched(read, title, host))
    return _with_guests(read, credited.guests)


def _vouched(read: ParsedTitle, title: str, host: Channel) -> bool:
    """Whether the channel, or a label's way of writing, confirms which side is the artist."""
    official = host.publisher or host.vevo or not OFFICIAL.isdisjoint(words(title))
    confirmed = read.reason == AGREES and host.confirms(read.artist)
    vouched = confirmed or read.reason == KNOWN or (official and read.reason == FROM_TITLE)
    return vouched and ": " not in read.artist and not _names_again(read)


def _names_again(read: ParsedTitle) -> bool:
    """Whether a title still holds its artist or a feature: `T (O)(A ft. B cover)` was not understood."""
    said = words(read.title)
    artist = words(read.artist)
    twice = (
        any(said[at : at + len(artist)] == artist for at in range(len(said))) if len(artist) > 1 else False
    )
    return twice or not FEATURE.isdisjoint(said)


def _with_guests(read: ParsedTitle, guests: list[str]) -> ParsedTitle:
    """Guests go behind the artist; where nobody is known, they stay in the title."""
    if read.artist or not guests:
        return replace(read, artist=with_features(read.artist, guests))
    return replace(read, title=f"{read.title} (feat. {join_names(guests)})".strip())


def _topic(text: str, host: Channel) -> ParsedTitle:
    """A Topic channel carries the label's own wording: no dash in it separates an artist."""
    title, guests = take_features(text)
    return _with_guests(ParsedTitle(host.artist, trim(title), bool(host.artist), FROM_TOPIC), guests)


def _take_credits(texts: tuple[str, ...], host: Channel) -> Credited:
    covered = [take_cover(without_noise(text, host.whole, host.publisher)) for text in texts]
    featured = [take_features(found.text) for found in covered]
    return Credited(
        [found.text for found in featured],
        [name for found in featured for name in found.names],
        [name for found in covered for name in found.names],
    )


def _read(texts: list[str], host: Channel) -> ParsedTitle:
    if len(texts) == 2:
        return _sides(Split(texts[0], texts[1], fixed=True), host)
    found = find_split(texts[0], host)
    return _sides(found, host) if found else _unsplit(texts[0], host)


def _sides(found: Split, host: Channel) -> ParsedTitle:
    left, right = found.left, found.right
    turned = not found.fixed and _is_reversed(left, right, host)
    if turned:
        left, right = right, left
    left, moved = _without_recording(left)
    artist, title = _artist(left), trim(f"{_title(right, host)} {moved}")
    reason = _reason(plain(left), plain(right), host)
    if reason != AGREES:
        title = _without_year(title)
    sure = found.clean and bool(artist and title) and _FILM_MUSIC.isdisjoint(words(artist))
    # A song may be called as a band is, when that is one word: `Jane Roe - Foxes`.
    sure = sure and (reason == AGREES or not names_recording(words(artist)))
    sure = sure and not (turned and reason == KNOWN and " " not in plain(left))
    return ParsedTitle(artist, title, sure, reason)


def _without_recording(side: str) -> tuple[str, str]:
    """`A (Live)` is the artist A and the note `(Live)`, which belongs to the title."""
    parts = pieces(side)
    notes = [part for part in parts[1:] if part.opening and names_recording(words(part.body))]
    return "".join(part.source for part in parts if part not in notes), " ".join(p.source for p in notes)


def _reason(artist: str, title: str, host: Channel) -> str:
    if host.is_named(artist):
        return AGREES
    return KNOWN if host.knows(artist) and not host.knows(title) else FROM_TITLE


def _is_reversed(left: str, right: str, host: Channel) -> bool:
    """`T - A` on A's channel (an exact name counts more than a similar one), `"T" - A` anywhere."""
    if host.is_exactly(plain(left)):
        return False
    if _is_quoted(left) and not _is_quoted(right):
        return True
    if host.is_exactly(plain(right)):
        return True
    if host.is_named(plain(right)) or host.is_named(plain(left)):
        return not host.is_named(plain(left))
    if _is_work(left) and not host.knows(plain(left)):
        return not _is_work(right)
    return host.knows(plain(right)) and not host.knows(plain(left)) and not _is_work(right)


def _is_work(side: str) -> bool:
    """`T (from the film)`, `T (Remix)`, `#T`: a name has no such bracket or sign."""
    if side.strip().startswith("#"):
        return True
    return any(not OF_A_WORK.isdisjoint(words(part.body)) for part in pieces(side) if part.opening)


def _artist(side: str) -> str:
    """`Mira[미라]`: behind a name, square brackets hold a note, round ones its other half."""
    parts = pieces(side.partition(CUT)[0]) or pieces(side)
    named = [part.source for at, part in enumerate(parts) if at == 0 or part.opening not in ("[", "【")]
    return _unquoted(without_tail(trim("".join(named))) or trim(side))


def _title(side: str, host: Channel) -> str:
    main, _, rest = side.partition(CUT)
    if not trim(main):
        main, rest = rest, ""
    told = f"{_without_noisy_text(main)} {recording_tail(_outside(rest))} {_brackets(rest)}"
    return _unquoted(_without_name(_quoted_in_front(trim(told)), host))


def _quoted_in_front(title: str) -> str:
    """`「T」Music Video` gives `T`, `"T" (Live)` gives `T (Live)`; `"T" and "U"` stays."""
    found = _FRONT_QUOTE.match(title)
    if not found or set("\"'”’「『") & set(found["rest"]):
        return title
    inner = found["a"] or found["b"] or found["c"]
    outside, tail = trim(_outside(found["rest"])), recording_tail(_outside(found["rest"]))
    if outside and not tail and not is_noise(outside) and found["c"]:
        return title
    return trim(f"{inner}{tail} {_brackets(found['rest'])}")


def _without_noisy_text(main: str) -> str:
    """`T Official Video (Live) HD` gives `T (Live)`."""
    parts = pieces(main)
    return "".join(
        part.source if part.opening else _told(part.body, first=at == 0) for at, part in enumerate(parts)
    )


def _told(text: str, first: bool) -> str:
    if not first and is_noise(text) and not set("\"'”’") & set(text):
        return " "
    told = without_tail(text)
    if trim(told) != trim(text):
        return f" {told} "
    # Nothing was left out, so a comma stays: `T (No. 3), L. 75`; a dash between brackets does not.
    return f"{',' if text[:1] == ',' else ''} {told} " if told else " "


def _outside(rest: str) -> str:
    return "".join(part.body for part in pieces(rest) if not part.opening)


def _brackets(rest: str) -> str:
    return " ".join(part.source for part in pieces(rest) if part.opening)


def _without_name(title: str, host: Channel) -> str:
    """`Harbour Jane Roe` by Jane Roe: the name is not part of the title."""
    parts = title.split()
    for count in range(min(4, len(parts) - 1), 1, -1):
        if key(" ".join(parts[-count:])) in host.keys:
            return " ".join(parts[:-count])
    return title


def _without_year(title: str) -> str:
    """Fans add the year of a recording: `Four or More Words 1980`, `Song, 2011`."""
    found = _YEAR_BEHIND.match(title)
    said = words(title)
    if not found or names_recording(said) or not REMASTER.isdisjoint(said):
        return title
    return found["title"]


def _is_quoted(text: str) -> bool:
    return _unquoted(trim(text)) != trim(text)


def _unquoted(text: str) -> str:
    """Take off quotes around the whole text: `"T"` gives `T`, `"T" and "U"` stays."""
    inner = text[1:-1]
    if any(text[:1] + text[-1:] == pair and not set(pair) & set(inner) for pair in _QUOTES) and inner:
        return inner.strip()
    return text


def _unsplit(text: str, host: Channel) -> ParsedTitle:
    """No separator: the title is all there is, and the channel may be the artist."""
    said = dash_parts(text)
    title = _title(said[0] if len(said) == 1 else text, host) or trim(text)
    if said and host.is_exactly(plain(said[0])):
        title = trim(text.partition(said[0])[2]) or title
    reason = FROM_CHANNEL if host.artist else WHOLE_TITLE
    return ParsedTitle(host.artist, _single_quoted_in_front(title), False, reason)


def _single_quoted_in_front(title: str) -> str:
    """`'T' at the seaside` gives `T`."""
    end = title.find("' ", 2) if title[:1] == "'" else -1
    return trim(title[1:end] + recording_tail(title[end + 1 :])) if end > 0 else title


def _performed(read: ParsedTitle, performers: list[str]) -> ParsedTitle:
    """`(cover by P)`: P is the artist, and the original artist stays in the note on the cover."""
    if not performers:
        return read
    title = read.title
    if title.endswith("(cover)"):
        # `T (cover by P)` that names no original says no more than that P performs it.
        split = read.reason in (AGREES, KNOWN, FROM_TITLE)
        title = title.removesuffix("(cover)") + (f"({read.artist} cover)" if split else "")
    performer, guests = take_features(performers[0])
    return replace(
        read, artist=with_features(performer, guests), title=title.strip(), sure=False, reason=COVERED
    )
