"""Keys of titles, artists and albums: two are equal when they mean the same recording, and only then.

What merely describes an upload or an edition (`Official Video`, `2011 Remaster`, `feat. B`) does not count.
Whatever else stands in brackets or behind a dash does, known or not: a live take, a remix, `Part 2`,
`Taylor's Version`. Taking two recordings for one loses music; the other mistake only asks once more.
"""

import re
import unicodedata
from collections.abc import Iterator

from app.tags.credits import take_features
from app.tags.text import clean, pieces, squeeze

# Letters that Unicode does not take apart, and signs that people type one way or the other.
_LETTERS = str.maketrans(
    {
        "ł": "l",
        "đ": "d",
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "ð": "d",
        "þ": "th",
        "ı": "i",
        "ё": "е",
        "&": " and ",
    }
)
_ASCII_SIGNS = {code: " " for code in range(128) if not chr(code).isalnum()}
_APOSTROPHES = re.compile(r"['’‘`´ʼ]")
_LAST_OF_GREEK = 0x03FF
_UP_TO_GREEK = {
    code: None if kind == "M" else " "
    for code in range(_LAST_OF_GREEK + 1)
    if (kind := unicodedata.category(chr(code))[0]) not in "LN"
}
"""What goes and what becomes a blank, where all marks are ornaments."""
_FEATURES = re.compile(r"\s+(?:feat|ft|featuring)(?:\.|\s).*$", re.IGNORECASE)
_SORTED_THE = re.compile(r"^(?P<name>.+), the$", re.IGNORECASE)
_TAIL = re.compile(r"\s[-–—]\s")
_PARTS_OF_ADDITION = re.compile(r"\s+[-–—]\s+|[/;,]")

_SPELLINGS = {
    **{"pt": "part", "pts": "part", "parts": "part", "volume": "vol", "vols": "vol", "nr": "no", "num": "no"},
    **{"rmx": "remix", "ver": "version", "vers": "version", "number": "no", "chap": "chapter"},
}
# Behind these a numeral is a number; elsewhere it is part of a name: "Led Zeppelin II".
_COUNTED = frozenset({"part", "vol", "no", "act", "chapter"})
_NUMERALS = {
    **{"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9"},
    **{"x": "10", "xi": "11", "xii": "12", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5"},
    **{"six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10"},
}

# An addition goes when all its words are harmless and one of them says what it is about.
_TELLING = frozenset(
    "remaster remastered remasterizado remasterizada remasterisé official officiel officielle oficial "
    "offizielles ufficiale video videoclip audio lyric lyrics visualizer visualiser mv explicit clean "
    "uncensored hd hq 4k uhd 1080p 720p".split()
)
_TELLING_TOGETHER = (
    frozenset({"album", "version"}),
    frozenset({"original", "version"}),
    frozenset({"bonus", "track"}),
    frozenset({"deluxe"}),
    frozenset({"expanded"}),
    frozenset({"anniversary", "edition"}),
)
_HARMLESS = (
    _TELLING
    | frozenset().union(*_TELLING_TOGETHER)
    | frozenset("the in digital digitally new newly music clip with version edition special".split())
)
_YEAR_OR_JUBILEE = re.compile(r"(?:19|20)\d\d|\d{1,3}(?:st|nd|rd|th)")
_ALBUM_KINDS = frozenset({"single", "ep"})


def title_key(title: str) -> str:
    """`Song (feat. B) [2011 Remaster]` is `song`; `Song - Live` and `Song (live version)` are `song live`."""
    return _keyed(take_features(clean(title)).text, frozenset())


def album_key(album: str) -> str:
    """As of a title; `- Single` and `(EP)` do not count either."""
    return _keyed(clean(album), _ALBUM_KINDS)


def artist_key(artist: str) -> str:
    """`The Band feat. X` and `Band, The` are `band`. Names are never split: `Tyler, The Creator`."""
    name = _FEATURES.sub("", clean(artist)) or clean(artist)
    folded = fold(_SORTED_THE.sub(r"the \g<name>", name))
    rest = folded.removeprefix("the ")
    return folded if rest in ("", "the") else rest


def additions(title: str) -> list[str]:
    """What a title says besides its name, folded, without the harmless: `["live", "remix"]`."""
    return _read(take_features(clean(title)).text, frozenset())[1]


def base(title: str) -> str:
    """The name alone, folded: brackets and dash tails do not belong to it."""
    return _read(take_features(clean(title)).text, frozenset())[0]


def name_of(title: str) -> str:
    """The name alone, as it is written: `Harbour (Live)` is `Harbour`."""
    text = take_features(clean(title)).text
    outside = "".join(" " if part.opening else part.body for part in pieces(text))
    return squeeze(_TAIL.split(outside)[0]) or text


def fold(text: str) -> str:
    """Lower case words without accents and signs. Text of nothing but signs stays as it is: `!!!`."""
    plain = _APOSTROPHES.sub("", text.casefold()).translate(_LETTERS)
    words = _letters(plain).split()
    return " ".join(words) or " ".join(text.casefold().split())


def _letters(text: str) -> str:
    """Letters, numbers and the marks that change them; a blank for the rest.

    Only marks on Latin and Greek letters are ornaments. In kana or Devanagari they make another sound.
    """
    if text.isascii():
        return text.translate(_ASCII_SIGNS)
    decomposed = unicodedata.normalize("NFKD", text)
    if ord(max(decomposed)) <= _LAST_OF_GREEK:
        return unicodedata.normalize("NFC", decomposed.translate(_UP_TO_GREEK)).casefold()
    ornamental = True
    kept = []
    for c in decomposed:
        kind = unicodedata.category(c)[0]
        if kind != "M":
            ornamental = ord(c) <= _LAST_OF_GREEK
        elif ornamental:
            continue
        kept.append(c if kind in "LNM" else " ")
    return unicodedata.normalize("NFC", "".join(kept)).casefold()


def _keyed(text: str, dropped: frozenset[str]) -> str:
    name, added = _read(text, dropped)
    return " ".join([name, *added])


def _read(text: str, dropped: frozenset[str]) -> tuple[str, list[str]]:
    """The folded name and the sorted additions that count. A title of only additions is its own name."""
    parts = pieces(text)
    heads, *tails = _TAIL.split("".join(f" \0{at}\0 " if p.opening else p.body for at, p in enumerate(parts)))
    inside = [part.body for part in parts if part.opening]
    tails = [re.sub(r"\0\d+\0", " ", tail) for tail in tails]
    name = _spelled(re.sub(r"\0\d+\0", " ", heads))
    added = {found for one in (*inside, *tails) for found in _counting(one, dropped)}
    if not name.strip():
        return _spelled(text), []
    return name, sorted(added - {""})


def _counting(addition: str, dropped: frozenset[str]) -> Iterator[str]:
    """`Live / 2011 Remaster` gives `live`."""
    for part in _PARTS_OF_ADDITION.split(addition):
        words = _spelled(part).split()
        if not words or _is_harmless(words) or (len(words) == 1 and words[0] in dropped):
            continue
        # "(Live Version)" is "(Live)"; a bare "(Version)" is a kind of its own.
        yield " ".join([word for word in words if word != "version"] or words)


def _is_harmless(words: list[str]) -> bool:
    said = {word for word in words if not _YEAR_OR_JUBILEE.fullmatch(word)}
    telling = not said.isdisjoint(_TELLING) or any(both <= said for both in _TELLING_TOGETHER)
    return telling and said <= _HARMLESS


def _spelled(text: str) -> str:
    """Folded, with one spelling for `Pt. II` and `Part 2`."""
    words = [_SPELLINGS.get(word, word) for word in fold(text).split()]
    pairs = zip(["", *words], words, strict=False)
    return " ".join(_NUMERALS.get(word, word) if before in _COUNTED else word for before, word in pairs)
