"""What a person's correction teaches: the rules that would have proposed exactly what they typed."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from app.tags import info as read
from app.tags.channels import Channel, read_channel
from app.tags.credits import main_artist
from app.tags.model import EDITABLE, Proposal, Tags
from app.tags.rules import KINDS, NAMING, Rule, apply
from app.tags.text import clean, key, squeeze
from app.tags.title_words import NOBODY_IN_PARTICULAR

HAND_THOUSANDTHS = 40
MOST_OFFERS = 2
_SHORTEST_NAME = 4
_ASKING = "offered"
"""Stands for the id of a rule that has none yet: so the fields that it changed are found."""
_SEVERAL = re.compile(r",|;|&|\sx\s|\band\b", re.IGNORECASE)
_LOOSE = re.compile(r"[^\w\s]")


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """A track that a person accepted: what was proposed, and what they made of it."""

    info: dict[str, Any]
    proposal: Proposal
    tags: Tags
    cover: str = ""
    """What they did with the picture, as the values of `crop`; empty: nothing."""


def learn(
    seen: Confirmed,
    *,
    known: Collection[str] = frozenset(),
    earlier: Sequence[Confirmed] = (),
) -> list[Rule]:
    """Rules worth offering, two at most: with them, the person would have had nothing to type.

    `known` are the kinds that need no offer: the channel has such a rule, or the person does not want one.
    `earlier` are tracks of the same channel that the person accepted before: they must not speak against a
    rule, and where one correction alone may be about this track only, one of them must speak for it.
    """
    channel = read.channel(seen.info)
    if not channel:
        return []
    host = read_channel(channel)
    offers: list[Rule] = []
    for rule in _candidates(seen, host):
        taken = {*known, *(one.kind for one in offers)}
        # Of the ways to tell artist and title a channel has one.
        if not taken.isdisjoint(NAMING if rule.kind in NAMING else (rule.kind,)):
            continue
        if _explains(rule, seen, offers) and _is_a_pattern(rule, seen, host, earlier):
            offers.append(rule)
        if len(offers) == MOST_OFFERS:
            break
    if len(offers) < MOST_OFFERS and seen.cover and "crop" not in known:
        alike = sum(_same_cover(one.cover, seen.cover) for one in earlier)
        if alike and alike == len(earlier):
            offers.append(Rule(kind="crop", value=seen.cover))
    return offers


def _same_cover(one: str, other: str) -> bool:
    """Nobody draws the same square twice to the pixel."""
    squares = [[int(number) for number in text.split()] for text in (one, other) if text[:1].isdigit()]
    if len(squares) < 2:
        return one == other
    return all(abs(a - b) <= HAND_THOUSANDTHS for a, b in zip(*squares, strict=True))


def _candidates(seen: Confirmed, host: Channel) -> Iterator[Rule]:
    """All that could explain the correction, the likeliest first; how artist and title are told, twice:
    once by itself, and once with what has been cut from the title."""
    tags = seen.tags
    yield from _naming(tags, host)
    yield from (Rule(kind="strip", value=affix) for affix in _affixes(seen))
    yield from _naming(tags, host)
    # An album artist who is the artist just follows.
    other = tags.album_artist not in (tags.artist, main_artist(tags.artist))
    for kind, value in (
        ("album_artist_is", tags.album_artist if other else ""),
        ("genre_is", tags.genre),
        ("album_is", tags.album),
    ):
        if value:
            yield Rule(kind=kind, value=value)


def _naming(tags: Tags, host: Channel) -> Iterator[Rule]:
    artist = Rule(kind="artist_is", value=main_artist(tags.artist))
    if host.confirms(artist.value):
        yield artist
    yield Rule(kind="artist_left")
    yield Rule(kind="artist_right")
    if artist.value and key(artist.value) not in NOBODY_IN_PARTICULAR:
        yield artist


def _affixes(seen: Confirmed) -> Iterator[str]:
    """What the person took off the title at one end, and what stands before the artist in the upload's."""
    title, artist = squeeze(seen.tags.title), squeeze(seen.tags.artist)
    called = clean(seen.info.get("title"))
    for whole, part in ((squeeze(seen.proposal.value("title")), title), (called, title), (called, artist)):
        at = whole.casefold().find(part.casefold()) if part else -1
        if at < 0:
            continue
        for affix in (whole[:at].strip(), whole[at + len(part) :].strip()):
            # What names this track's artist or title is no habit of the channel.
            if key(affix) and not any(key(own) in key(affix) for own in (artist, title) if key(own)):
                yield affix


def _explains(rule: Rule, seen: Confirmed, offers: list[Rule]) -> bool:
    """It gives what was typed in each of its fields, one of which was wrong, and spoils nothing."""
    before = apply(seen.proposal, seen.info, offers)
    after = apply(seen.proposal, seen.info, [*offers, rule])
    right_before = {name for name in EDITABLE if before.value(name) == _typed(seen, name)}
    right_after = {name for name in EDITABLE if after.value(name) == _typed(seen, name)}
    fields = KINDS[rule.kind].fields
    return right_before < right_after and set(fields) <= right_after and not set(fields) <= right_before


def _typed(seen: Confirmed, name: str) -> str:
    return str(getattr(seen.tags, name) or "")


def _is_a_pattern(rule: Rule, seen: Confirmed, host: Channel, earlier: Sequence[Confirmed]) -> bool:
    fits = [fit for one in earlier if (fit := _fits(rule, one)) is not None]
    agreeing = sum(fits)
    if len(fits) - agreeing > agreeing:
        return False
    return agreeing > 0 or _is_one_at_once(rule, seen, host)


def _fits(rule: Rule, one: Confirmed) -> bool | None:
    """Whether the rule would have been right for an earlier track; None when it has nothing to say there."""
    asked = msgspec.structs.replace(rule, id=_ASKING)
    found = apply(one.proposal, one.info, [asked])
    spoken = [name for name in KINDS[rule.kind].fields if _says(found, name)]
    return all(found.value(name) == _typed(one, name) for name in spoken) if spoken else None


def _says(proposal: Proposal, name: str) -> bool:
    return name in proposal.fields and proposal.fields[name].rule == _ASKING


def _is_one_at_once(rule: Rule, seen: Confirmed, host: Channel) -> bool:
    """Whether a single correction is enough: what says something about the channel, not about this track."""
    match rule.kind:
        case "artist_left" | "artist_right":
            return True
        case "artist_is":
            return _is_the_channels(rule.value, seen, host)
        case "strip":
            return _names_the_channel(rule.value, host)
        case "album_artist_is":
            return key(rule.value) in host.keys
        case "genre_is":
            # The genre of an artist; a label has many.
            return host.confirms(main_artist(seen.tags.artist)) and not host.publisher
    return False


def _is_the_channels(artist: str, seen: Confirmed, host: Channel) -> bool:
    """The channel is called so, or it is a person's and this name is nowhere in what the upload is called."""
    if key(artist) in host.keys or host.confirms(artist):
        return True
    if host.publisher or _SEVERAL.search(artist):
        return False
    return key(artist) not in key(clean(seen.info.get("title")))


def _names_the_channel(affix: str, host: Channel) -> bool:
    """`| Wet Ink` on Wet Ink: not a lone word of a title, but set off by a sign."""
    said = key(affix)
    named = any(len(name) >= _SHORTEST_NAME and name in said for name in host.keys)
    return named and _LOOSE.search(affix) is not None
