"""The channel a title was found on: whether it is the artist, and what the artist is called then."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from app.tags.text import key, squeeze, words
from app.tags.title_words import (
    CHANNEL_TAILS,
    FILM_LABELS,
    GLUED,
    NOBODY_IN_PARTICULAR,
    PUBLISHER,
    PUBLISHER_KEYS,
)

_TOPIC = re.compile(r"\s+[-–]\s+(?:Topic|Tema|Thema|Thème|Tópico|Temat|Konu|トピック|주제)$")
_CAMEL = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Ý])|(?<=[A-ZÀ-Ý])(?=[A-ZÀ-Ý][a-zà-ÿ])|(?<=[a-z]{3})(?=\d)")
_NAMES = re.compile(r"\s*(?:,|;|&|\+|/|\s[x×X]\s|\bvs\b\.?|\bfeat\b\.?|\band\b|\s[ey]\s|\||[()（）\[\]])\s*")
_SHORTEST_PART = 4
_REMEMBERED = 256
_TAILS = sorted(CHANNEL_TAILS, key=len, reverse=True)


@dataclass(frozen=True)
class Channel:
    """A channel's name, cut down to what could be an artist."""

    name: str
    """As an artist would be written: `JaneRoeVEVO` is `Jane Roe`, `X - Topic` is `X`."""
    keys: frozenset[str]
    whole: frozenset[str] = frozenset()
    """The keys of the whole name only, not of its halves."""
    topic: bool = False
    vevo: bool = False
    publisher: bool = False
    """A label, radio, film or lyrics channel: never the artist."""
    films: bool = False
    """A label of films, whose titles name the song first and the film next."""
    known: Collection[str] = frozenset()
    """The keys of artists that are known from elsewhere, as those in the person's library."""

    @property
    def artist(self) -> str:
        """The name to propose when the title names nobody."""
        return "" if self.publisher else self.name

    def is_named(self, names: str) -> bool:
        """Whether one of these names is this channel's: `John Doe, Jane Roe` on `JaneRoeVEVO`."""
        return any(self._is(key(name)) for name in [names, *_NAMES.split(names)])

    def is_exactly(self, names: str) -> bool:
        return any(key(name) in self.keys for name in [names, *_NAMES.split(names)] if name)

    def confirms(self, names: str) -> bool:
        """Whether one of these names is this channel's, or a part of it: not `Blue Room 12` on Blue Room."""
        parts = [key(name) for name in [names, *_NAMES.split(names)]]
        return any(
            name in self.keys
            or len(name) >= _SHORTEST_PART
            and any(known.startswith(name) or known.endswith(name) for known in self.keys)
            for name in parts
        )

    def knows(self, names: str) -> bool:
        """Whether this is a known artist, or several who all are: `Jane Roe & John Doe`."""
        if not self.known:
            return False
        return key(names) in self.known or all(self._knows(name) for name in _NAMES.split(names) if name)

    def _knows(self, name: str) -> bool:
        return key(name) in self.known

    def _is(self, name: str) -> bool:
        if name in self.keys:
            return bool(name)
        return len(name) >= _SHORTEST_PART and any(
            known.startswith(name) or known.endswith(name) or (len(known) > 3 and name.startswith(known))
            for known in self.keys
        )


NOBODY = Channel("", frozenset())


@lru_cache(_REMEMBERED)
def read_channel(channel: str) -> Channel:
    """Take a channel's name apart."""
    full = squeeze(channel)
    if not full:
        return NOBODY
    if _TOPIC.search(full):
        name = _TOPIC.sub("", full)
        names = frozenset({key(name)})
        return Channel(name, names, names, topic=True, publisher=key(name) in NOBODY_IN_PARTICULAR)
    bare, vevo = _without_tails(full)
    name = squeeze(_CAMEL.sub(" ", bare)) if vevo or " " not in bare and _glued(full, bare) else bare
    whole = frozenset({key(full), key(bare)} - {""})
    films = not FILM_LABELS.isdisjoint(whole)
    publisher = films or _is_publisher(full, whole)
    return Channel(name, _keys(full, bare), whole, vevo=vevo, publisher=publisher, films=films)


def _glued(full: str, bare: str) -> bool:
    """`JaneRoeOfficial`: the tail was glued on, so the words in front of it are glued too."""
    return bare != full and " " not in full


def _without_tails(full: str) -> tuple[str, bool]:
    bare, vevo = full, full.lower().endswith("vevo")
    for tail in _TAILS if bare.lower().endswith(CHANNEL_TAILS) else ():
        cut = bare[: -len(tail)].rstrip(" -–|")
        separate = len(bare) > len(tail) and bare[-len(tail) - 1 : -len(tail)].isspace()
        glued = tail in GLUED and bare[-len(tail) :] != tail
        if cut and bare.lower().endswith(tail) and (separate or glued):
            bare = cut
    return bare, vevo


def _keys(full: str, bare: str) -> frozenset[str]:
    """Ways to write the name, with each half of a name in two scripts."""
    found = {key(name) for name in (full, bare, *_NAMES.split(bare), *_by_script(bare))}
    for prefix in ("official", "oficial", "the", "iam", "its"):
        found |= {known.removeprefix(prefix) for known in found if len(known) > len(prefix) + 2}
    return frozenset(found - {""})


def _by_script(name: str) -> tuple[str, str]:
    """`米拉 Mira` is known under each half."""
    parts = name.split()
    return " ".join(p for p in parts if p.isascii()), " ".join(p for p in parts if not p.isascii())


def _is_publisher(full: str, whole: frozenset[str]) -> bool:
    return not PUBLISHER_KEYS.isdisjoint(whole) or not PUBLISHER.isdisjoint(words(_CAMEL.sub(" ", full)))
