"""Titles in several parts, `A - T | Event | Label`: which part to read, and what the others tell."""

import re
from dataclasses import dataclass, replace

from app.tags.channels import Channel
from app.tags.credits import join_names
from app.tags.text import key, split_outside, words
from app.tags.title_splits import colon, dash_parts, plain, recording_tail, says_nothing

_DOUBLE_SLASH = re.compile(r"\s+(?://+|::)\s+")
_PIPE = re.compile(r"\s*[|｜¦║]+\s*|\s+[∙•·]\s+")
_SLASH = re.compile(r"\s+/\s+")
_FILM_SONG = re.compile(
    r"[\s([](?:full\s+)?(?:(?:audio|video)\s+song|full\s+(?:video|song|audio)|lyrical|song)\b", re.IGNORECASE
)
# `A | Blue Room DJ Set`: who plays stands in front.
_SETS = frozenset({"set", "session", "sessions", "concert", "show", "mix"})
_SEVERAL = re.compile(r"[,&]|\s[xX×]\s")


@dataclass(frozen=True)
class MainPart:
    """What to read on: one text, or artist and title where the pipes themselves separate the two."""

    texts: tuple[str, ...]
    plain: bool = True
    """False when choosing was a guess."""


def main_part(text: str, host: Channel) -> MainPart:
    """Choose among the parts between pipes. What another says of the recording stays: `A - T | Live`."""
    said = [part for part in split_outside(text, _PIPE) if part and not says_nothing(part)]
    if len(said) == 1 and (sides := _slashed(said[0])):
        return MainPart((" - ".join(sides),))
    if len(said) < 2:
        return MainPart((_first_of_two_spellings(said[0] if said else text),))
    if film := _film_song(said, host):
        return film
    # Behind the first two parts, a film's label lists a cast: `One – Two`.
    if host.films and len(said) > 2 and len(parts := dash_parts(said[0])) == 2 and not host.knows(parts[0]):
        return MainPart((_known_among(said[1:], host) or _singers(said), parts[0]), plain=False)
    near = said[:2] if host.publisher and len(said) > 3 else said
    dashed = next((part for part in near if len(dash_parts(part)) > 1), "")
    main = _dashed(dashed, said, host) if dashed else _piped(said, host, double="||" in text)
    used = " ".join(main.texts)
    tails = "".join(recording_tail(part) for part in said if part not in used and not host.is_named(part))
    return replace(main, texts=(*main.texts[:-1], main.texts[-1] + tails))


def _slashed(text: str) -> list[str]:
    """`A // T`, `A :: T` are other ways to write a dash."""
    sides = split_outside(text, _DOUBLE_SLASH)
    return sides if len(sides) == 2 and all(key(side) for side in sides) else []


def _first_of_two_spellings(text: str) -> str:
    """`А - Т / A - T` says the same twice."""
    halves = split_outside(text, _SLASH)
    return halves[0] if len(halves) == 2 and all(len(dash_parts(half)) == 2 for half in halves) else text


def _film_song(said: list[str], host: Channel) -> MainPart | None:
    """`Song Full Video - Film | Actors | Singer`: the singers stand last."""
    hit = _FILM_SONG.search(said[0])
    if not hit or not (host.publisher or _SEVERAL.search(" ".join(said[1:]))):
        return None
    return MainPart((_known_among(said[1:], host) or said[-1], said[0][: hit.start()]), plain=False)


def _known_among(said: list[str], host: Channel) -> str:
    """Those of a film's people who are known as artists: actors and directors are not."""
    names = [name for part in said for name in re.split(r"\s*[,&]\s*", part)]
    return join_names([name for name in names if name and host.knows(name)])


def _dashed(dashed: str, said: list[str], host: Channel) -> MainPart:
    """`A - T | Event`: the part with the dash. `Film Soundtrack | T - A` names the artist last."""
    others = " ".join(part for part in said if part != dashed)
    parts = dash_parts(dashed)
    if "soundtrack" in words(others) and len(parts) == 2:
        return MainPart((parts[1], parts[0]), plain=False)
    # A label of films writes `T - Film | Singer | Composer`.
    few = len(said) < (3 if host.publisher else 4)
    return MainPart((dashed,), plain=dashed == said[0] and few)


def _piped(said: list[str], host: Channel, double: bool) -> MainPart:
    """`A | T`, `T | A`, `GUEST || Session of the host`, `T | Film | Singers`."""
    first, second = said[0], said[1]
    if colon(first, host):
        return MainPart((first,), plain=False)
    if double and host.artist and not host.is_named(plain(first)):
        return MainPart((f"{host.name} & {first}", second), plain=False)
    named = next((part for part in said if host.is_named(plain(part))), None)
    if named and host.publisher:
        return _hosted(said, named, host)
    if named:
        title = second if named is first else first
        return MainPart((named, title), plain=len(said) == 2 and _SETS.isdisjoint(words(title)))
    if len(said) == 2 and not _SETS.isdisjoint(words(second)):
        return MainPart((first, second), plain=False)
    if host.artist and not _SEVERAL.search(" ".join(said[1:])):
        return MainPart((first,), plain=False)
    if len(said) == 2 and not _SEVERAL.search(second):
        return MainPart((first, second), plain=False)
    return MainPart((_known_among(said[1:], host) or _singers(said), first), plain=False)


def _singers(said: list[str]) -> str:
    """The part that names several, else the last."""
    return next((part for part in said[1:] if _SEVERAL.search(part)), said[-1])


def _hosted(said: list[str], named: str, host: Channel) -> MainPart:
    """On the channel of the label or of Blue Room: `A | Blue Room Set`, `T | Label`, `T | A x B | Label`."""
    others = [part for part in said if part is not named]
    if len(others) > 1:
        return _piped(others, host, double=False)
    if " @ " in named:
        return MainPart((named,), plain=False)
    return MainPart((others[0],) if key(named) in host.whole else (others[0], named), plain=False)
