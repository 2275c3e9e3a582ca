"""What to leave out of a title: brackets, tails and prefixes that only say what kind of upload it is."""

import re
from functools import lru_cache

from app.tags.text import Piece, join, key, pieces, squeeze, words
from app.tags.title_words import (
    CREDITS,
    FEATURE,
    FILE_ENDINGS,
    FULL_ALBUM,
    INSIDE_WORDS,
    KIND,
    LANGUAGE,
    LONGEST_TAIL,
    OFFICIAL,
    PARTS,
    RECORDING,
    REMASTER,
    UNMISTAKABLE,
    UPLOAD,
    UPSCALED,
    VERSION,
    WHOLE,
    is_tail,
)

CUT = "\x02"
"""Stands where a bracket was left out; free text behind it is rarely the title: `T (Official Video) DJ X`."""

_MOST_TAILS = 4
_CHUNKS = re.compile(r"\s+[-–]\s+|[|/•]")
_YEAR_OR_CATALOGUE = re.compile(r"(?:19|20)\d\d|[A-Z]{2,8}[- ]?\d{3,5}")
_SHORTEST_LABEL = 3
_LABELS = (["music"], ["records"], ["recordings"], ["label"])
_STARS = re.compile(r"\*\*+[^*]{1,40}\*\*+")
_EMOJI = "\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_EMOJI_EDGE = re.compile(f"^[{_EMOJI}\\s]+|[{_EMOJI}\\s]+$")
_EMOJI_BESIDE = re.compile(f"[{_EMOJI}]+(?=\\s*[-–—|(\\[])|(?<=[-–—|)\\]]) ?[{_EMOJI}]+")
_HASHTAGS = re.compile(r"(?<=[^\s\-–—|:~_])(?:\s+[#@][^\W\d][^\s#@]*)+\s*$")
_PROD = re.compile(r"\s(?:prod|produced|beat)(?:\.\s?|\s)by\s.*$|\sprod\.\s.*$", re.IGNORECASE)
_NUMBER = re.compile(r"^(?:\d{1,2}|[A-Z]{1,2}\d)\.\s+(?=.*\s[-–—]\s)")
# A side of a record, when nobody says whose name it could belong to.
_SIDE = re.compile(r"^[A-D]\.\s+(?=\S+\s[-–—]\s)")
# `PREMIERE: A - T`, as blogs and labels write.
_ANNOUNCED = re.compile(
    r"^(?:premiere|première|exclusive|(?:official |full )?video|mv|lyrics|lyrical|full song|audio)\s*[:|]\s+",
    re.IGNORECASE,
)
# `T -Music Video-`, as Japanese labels write.
_ASIDE = re.compile(r"\s[-~〜](?P<kind>[^-~〜]+)[-~〜]$")
_FIRST_SIGN = re.compile(r"^\s*[-–—:]\s")
_NEXT_SIGN = re.compile(r"\s[-–—]\s")
_FULL_WIDTH = str.maketrans("（）［］｛｝｜：", "()[]{}|:")
_EDGES = " \t-–—―~_|/\\,;:•·∙+*@" + CUT


def tidy(title: str) -> str:
    """One kind of bracket, no file ending, no `**NEW**`, no hashtags or emoji at the ends."""
    text = _STARS.sub(" ", title.translate(_FULL_WIDTH))
    stem, _, ending = text.rpartition(".")
    if stem and ending.strip().lower() in FILE_ENDINGS:
        text = stem
    text = _HASHTAGS.sub("", text)
    text = _EMOJI_BESIDE.sub(" ", text) if not text.isascii() else text
    if (aside := _ASIDE.search(text)) and is_noise(aside["kind"]):
        text = text[: aside.start()]
    bare = _EMOJI_EDGE.sub("", text)
    return _NUMBER.sub("", _ANNOUNCED.sub("", bare or text).strip())


def without_side(title: str) -> str:
    """`A. Artist - T`, as files from a record are called; `A. B. Artist - T` stays."""
    return _SIDE.sub("", title)


def without_noise(text: str, host_keys: frozenset[str], published: bool = False) -> str:
    """Leave out the brackets that only describe the upload or name its channel; `CUT` marks the place.

    On a publisher's channel `[LABEL]` at the end is whose release it is.
    """
    parts = pieces(text)
    kept = [part if not part.opening else _judged(part, host_keys) for part in parts]
    if published and len(parts) > 1 and _is_shouted(parts[-1]):
        kept[-1] = Piece(CUT)
    return join(_without_prefix(kept, parts)) if parts else text


def _is_shouted(part: Piece) -> bool:
    """`[VISION]`, `[WET INK 12]`, `[Wet Ink Records]`; not `[LIVE]` and not `[PART 2]`."""
    said = words(part.body)
    shouted = part.body.isupper() and len(part.body) >= _SHORTEST_LABEL
    label = part.opening == "[" and (shouted or said[-1:] in _LABELS)
    return label and not names_recording(said) and PARTS.isdisjoint(said)


def _judged(part: Piece, host_keys: frozenset[str]) -> Piece:
    body = recording_only(part.body)
    if not body or key(body) in host_keys:
        return Piece(CUT)
    return Piece(body, part.opening)


def _without_prefix(kept: list[Piece], parts: list[Piece]) -> list[Piece]:
    """`[MV] A - T`, `【Genre】 A - T`, `[Genre] - A - T`: it goes, unless it names a band: `[A] - T`."""
    if len(kept) < 2 or parts[0].opening not in ("[", "【") or not parts[1].body[:1].isspace():
        return kept
    after = _FIRST_SIGN.sub("", parts[1].body)
    if after != parts[1].body and not _NEXT_SIGN.search(after):
        return kept
    return [Piece(after), *kept[2:]]


def recording_only(body: str) -> str:
    """A bracket without noise: `Official Live Video` gives `Live`, `Official Video` nothing."""
    said = words(body)
    if not said or " ".join(said) in WHOLE or _is_label(body.strip()):
        return ""
    if said[0] in FEATURE:
        return without_tail(body)
    if not _is_noise(body, said):
        return _trim_kind(body) if names_recording(said) else body
    chunks = [chunk for chunk in _CHUNKS.split(body) if names_recording(words(chunk))]
    return _trim_kind(chunks[0]) if chunks else ""


def _is_label(body: str) -> bool:
    """`@handle`, `#tag`, `1999`, `ABC001`."""
    return body[0] in "@#" or _YEAR_OR_CATALOGUE.fullmatch(body) is not None


def names_recording(said: list[str]) -> bool:
    """Whether the words say which recording this is. A bare `version` does not: `Official Version`."""
    if not RECORDING.isdisjoint(said):
        return True
    return not VERSION.isdisjoint(said) and (not LANGUAGE.isdisjoint(said) or UPLOAD.isdisjoint(said))


def _is_noise(body: str, said: list[str]) -> bool:
    return (
        said[0] in KIND
        or (not UPSCALED.isdisjoint(said) and not REMASTER.isdisjoint(said))
        or said[-1] in KIND
        or said[0] in CREDITS
        or "co-directed" in body.lower()
        or not UNMISTAKABLE.isdisjoint(said)
        or any(mark in body for mark in INSIDE_WORDS)
    )


def _trim_kind(body: str) -> str:
    """`Official Live Video` gives `Live`; `Live Video at X` stays."""
    parts = body.split()
    while len(parts) > 1 and _goes(parts[-1]):
        parts.pop()
    while len(parts) > 1 and _goes(parts[0]):
        parts.pop(0)
    return " ".join(parts).strip(" -–|/,")


def _goes(word: str) -> bool:
    said = words(word)
    return not said or (len(said) == 1 and (said[0] in KIND or said[0] in OFFICIAL or said[0] == "music"))


def without_tail(text: str) -> str:
    """`Song Official Music Video HD` gives `Song`. What would leave nothing is left alone: `Video`."""
    text = _PROD.sub("", text.strip(_EDGES) or text)
    for _ in range(_MOST_TAILS):
        text = _one_tail_less(text) or text
    return text


def _one_tail_less(text: str) -> str:
    parts = text.rsplit(None, LONGEST_TAIL)
    for count in range(min(LONGEST_TAIL, len(parts) - 1), 0, -1):
        if is_tail(words(" ".join(parts[-count:]))):
            return text[: _start_of_last(text, count)].rstrip(_EDGES)
    return text


def _start_of_last(text: str, count: int) -> int:
    end = len(text)
    for _ in range(count):
        end = len(text[:end].rstrip())
        end -= len(text[:end].rsplit(None, 1)[-1])
    return end


def is_noise(text: str) -> bool:
    """Whether a whole part between separators says nothing but the kind of upload: `Official Video`, `HD`."""
    said = words(text)
    if not said or is_tail(said) or said in (["video"], ["audio"]):
        return True
    return len(said) > 1 and " ".join(said) in WHOLE


@lru_cache(512)
def trim(text: str) -> str:
    """Take off separators and lone quotes left over at the ends, and doubled spaces."""
    text = squeeze(text.replace(CUT, " ")).strip(_EDGES)
    if text.count('"') == 1:
        text = text.strip('"')
    return text.strip(_EDGES)


def is_full_album(title: str) -> bool:
    """`Band - Album (Full Album)`."""
    return (
        any(" ".join(words(p.body)) in FULL_ALBUM for p in pieces(title))
        or " ".join(words(title)[-2:]) in FULL_ALBUM
    )
