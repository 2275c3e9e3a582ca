"""Strangers' text made safe to show and to compare: cleaning, comparison keys, brackets."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

LONGEST_VALUE = 300
# The rules look at the same title from many sides: what they all ask is worked out once.
_REMEMBERED = 512

_BLANKS = re.compile(
    r"[\x00-\x20\x7f-\xa0\u115f\u1160\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000\u3164]+"
)
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_CLOSING = {"(": ")", "[": "]", "【": "】", "{": "}"}
_WORD = re.compile(r"[^\W_]+")
_BRACKET = re.compile(r"[()\[\]【】{}]")
_DEEPEST = 8
_OPENING = {close: opening for opening, close in _CLOSING.items()}


def clean(value: object, limit: int = LONGEST_VALUE) -> str:
    """Text without control, direction, zero-width or surrogate characters; `""` for anything but text."""
    if not isinstance(value, str):
        return ""
    return _clean(value[: limit * 4], limit)


@lru_cache(_REMEMBERED)
def _clean(text: str, limit: int) -> str:
    if text.isascii():
        return _BLANKS.sub(" ", text).strip()[:limit].rstrip()
    text = unicodedata.normalize("NFC", _BLANKS.sub(" ", _INVISIBLE.sub("", text))).strip()
    return text[:limit].rstrip()


@lru_cache(_REMEMBERED)
def key(text: str) -> str:
    """What is left when case, accents, spaces and punctuation do not count: `Jay-Dee` is `JAY DEE`."""
    folded = text.casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKD", folded)
    return "".join(filter(str.isalnum, folded))


def words(text: str) -> list[str]:
    """The words in lower case without accents; `M/V` and `P/V` count as one word."""
    return list(_words(text))


@lru_cache(_REMEMBERED)
def _words(text: str) -> tuple[str, ...]:
    folded = text.casefold().replace("m/v", "mv").replace("p/v", "pv")
    if not folded.isascii():
        folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
        folded = unicodedata.normalize("NFC", folded)
    return tuple(_WORD.findall(folded))


def squeeze(text: str) -> str:
    return " ".join(text.split())


class Piece(NamedTuple):
    """A stretch of text outside brackets, or (with `opening`) what stands inside one pair of them."""

    body: str
    opening: str = ""

    @property
    def source(self) -> str:
        return f"{self.opening}{self.body}{_CLOSING[self.opening]}" if self.opening else self.body


def pieces(text: str) -> list[Piece]:
    """Cut at the outermost brackets: `A (b [c]) d` gives `A `, `b [c]` and ` d`. Lone brackets are text."""
    return list(_pieces(text))


@lru_cache(_REMEMBERED)
def _pieces(text: str) -> tuple[Piece, ...]:
    found: list[Piece] = []
    start = 0
    for opening, closing in _outermost(text):
        if opening > start:
            found.append(Piece(text[start:opening]))
        found.append(Piece(text[opening + 1 : closing], text[opening]))
        start = closing + 1
    if start < len(text):
        found.append(Piece(text[start:]))
    return tuple(found)


def join(parts: list[Piece]) -> str:
    return "".join(part.source for part in parts)


def _outermost(text: str) -> list[tuple[int, int]]:
    """Where brackets open and close again, but for those inside others."""
    found: list[tuple[int, int]] = []
    waiting: list[int] = []
    for hit in _BRACKET.finditer(text):
        opening = _OPENING.get(hit[0])
        if opening is None:
            waiting.append(hit.start())
        elif any(text[at] == opening for at in waiting[-_DEEPEST:]):
            while text[waiting[-1]] != opening:
                waiting.pop()
            start = waiting.pop()
            while found and found[-1][0] > start:
                found.pop()
            found.append((start, hit.start()))
    return found


def split_outside(text: str, separator: re.Pattern[str]) -> list[str]:
    """Split at a separator, but not inside brackets."""
    masked = "".join("\0" * len(p.source) if p.opening else p.body for p in pieces(text))
    return [text[start:end].strip() for start, end in _gaps(masked, separator)]


def _gaps(masked: str, separator: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for hit in separator.finditer(masked):
        yield start, hit.start()
        start = hit.end()
    yield start, len(masked)
