"""Where a title falls into two: one small rule per separator, tried from the surest to the loosest."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from app.tags.channels import Channel
from app.tags.text import key, pieces, split_outside, words
from app.tags.title_noise import (
    CUT,
    is_noise,
    names_recording,
    recording_only,
    trim,
    without_noise,
    without_tail,
)
from app.tags.title_words import COMPOSERS, COVER_STYLES, COVERS, OFFICIAL, REMASTER, is_official_tail


@dataclass(frozen=True)
class Split:
    """One reading of a title: two sides, not yet told apart unless `fixed`."""

    left: str
    right: str
    clean: bool = True
    """False when the reading is a guess."""
    fixed: bool = False
    """The left side is the artist, whatever the channel says."""


_DASH = re.compile(r"\s+(?:-{1,3}|[–—―−‒－])\s+")
_REMEMBERED = 256
_LOOSE_DASH = re.compile(r"\s+[-–—]+(?=\S)|(?<=\S)[-–—]+\s+")
_OTHER_SIGNS = [re.compile(sign) for sign in (r"\s+~+\s+", r"\s+_+\s+", r"\s+:+\s+", "_")]
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_SLASH = re.compile(r"\s+[/／]\s+")
_CORNERS = re.compile(
    r"^(?P<left>[^「『【《]+?)\s*[-–]?\s*(?:「(?P<a>[^」]+)」|『(?P<b>[^』]+)』|【(?P<c>[^】]+)】|《(?P<d>[^》]+)》)(?P<rest>.*)$"
)
_CORNERS_FIRST = re.compile(r"^\s*(?:「(?P<a>[^」]+)」|『(?P<b>[^』]+)』)\s*[-/／]?\s*(?P<rest>[^\s].*)$")
_DOUBLE = re.compile(
    r"^(?P<left>[^\"“”«»]*[^\s\"“”«»(:])[\s:]*(?:[\"“”](?P<a>[^\"“”]+)[\"“”]|«(?P<b>[^«»]+)»)(?P<rest>.*)$"
)
_SINGLE = re.compile(r"^(?P<left>.*?[\w)\].!?])[:,]?\s['‘’](?P<a>\S.*?\S)['’](?=[\s(\[]|$)(?P<rest>.*)$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DOUBLE_AT_END = re.compile(r"^(?P<left>[^\"“”]*[^\s\"“”])\s+[\"“](?P<a>[^\"“”]+)[\"”]$")
_SQUARE = re.compile(r"^(?P<left>[^\[]+?)\s*\[(?P<a>[^\]]*[^\x00-\x7f][^\]]*)\](?P<rest>.*)$")
_COVER_OF = re.compile(r"^(?P<original>.+?)\s+cover$", re.IGNORECASE)
_PERFORMS = re.compile(r"\s+(?:covers|performs|performing|sings|plays)$", re.IGNORECASE)
_STAGE = re.compile(r"\s(?:live|dj set|in concert)\b", re.IGNORECASE)
_MOST_DASHES = 8
_TIGHT = re.compile(r"^(?P<left>[^-–]+\s[^-–]+)[-–](?P<right>[A-Z0-9][^-–]*)$")


def find_split(text: str, host: Channel) -> Split | None:
    """The first reading that fits; None when nothing separates two sides."""
    return next((found for rule in SEPARATORS if (found := rule(text, host))), None)


@lru_cache(_REMEMBERED)
def plain(side: str) -> str:
    """A side without brackets and quotes, to compare with a channel's name."""
    return trim("".join(p.body for p in pieces(side) if not p.opening)).strip("\"'“”‘’")


def dash_parts(text: str) -> list[str]:
    """The parts between spaced dashes, but for noise (`Official Video`) and track numbers in the middle."""
    return list(_dash_parts(text))


@lru_cache(_REMEMBERED)
def _dash_parts(text: str) -> tuple[str, ...]:
    kept = [part for part in split_outside(text, _DASH) if trim(part) and not says_nothing(part)]
    if len(kept) > 2:
        kept = [part for part in kept if not re.fullmatch(r"\d{1,2}", part)]
    if len(kept) > 2 and _YEAR.fullmatch(kept[-1]):
        kept.pop()
    return tuple(kept)


@lru_cache(_REMEMBERED)
def says_nothing(part: str) -> bool:
    """`Official Video`, `Lyrics [Eng + Rom]`, `(HD)`; not `【Title】` and not `Video (Live)`."""
    outside = plain(part)
    if is_official_tail(words(outside)[:2]):
        return True
    if not outside:
        return not trim(without_noise(part, frozenset()))
    return is_noise(outside) and not any(names_recording(words(p.body)) for p in pieces(part) if p.opening)


def cover_of(text: str, host: Channel) -> Split | None:
    """On the channel of who covers it: `T - B Cover`, `T - B (Jazz Style Cover)`, `B - T (Piano Cover)`."""
    parts = dash_parts(text)
    if len(parts) != 2 or not host.artist or any(host.is_named(plain(part)) for part in parts):
        return None
    first, second = parts
    noted = any(p.opening for p in pieces(second))
    if not noted and (found := _COVER_OF.match(plain(second))):
        return Split(host.name, f"{first} ({found['original']} cover)", clean=False, fixed=True)
    for note in (p for p in pieces(second) if p.opening and words(p.body)[-1:] == ["cover"]):
        if host.knows(plain(second)) and not host.knows(plain(first)):
            return Split(host.name, f"{first} ({plain(second)} {note.body})", clean=False, fixed=True)
        if COVER_STYLES.issuperset(words(note.body)):
            return Split(host.name, second, clean=False, fixed=True)
        if "style" in words(note.body) or host.is_exactly(_without_styles(note.body)):
            return Split(host.name, f"{first} {note.source}", clean=False, fixed=True)
    return None


def _without_styles(note: str) -> str:
    """`Jane Roe acoustic cover` names Jane Roe."""
    return " ".join(word for word in note.split() if not COVER_STYLES.issuperset(words(word)))


def spaced_dash(text: str, host: Channel) -> Split | None:
    """`A - T`, `A – T - Radio Edit`, `T - A` (the channel tells)."""
    parts = dash_parts(text)
    if len(parts) < 2:
        return None
    if len(parts) > 2 and host.is_named(plain(parts[-1])) and not host.is_named(plain(parts[0])):
        return Split(parts[-1], " - ".join(parts[:-1]), clean=False, fixed=True)
    return Split(parts[0], _with_recording(parts[1:]), clean=len(parts) == 2)


def _with_recording(parts: list[str]) -> str:
    """`T - Radio Edit` becomes `T (Radio Edit)`."""
    *front, last = parts
    last = last.replace(CUT, " ").strip()
    said = words(last)
    if front and (names_recording(said) or not REMASTER.isdisjoint(said)) and not set("([") & set(last):
        return f"{' - '.join(front)} ({last})"
    return " - ".join(parts)


def corner_quotes(text: str, host: Channel) -> Split | None:
    """`A「T」`, `A『T』MV`, `A【T】`, `MV「T」/ A`; a glued `AMV「T」` is a music video of A."""
    found = _CORNERS.match(text)
    if not found:
        return None
    left, title = (re.sub(r"(?:MV|PV)$", "", side.strip()) for side in (found["left"], _quoted(found)))
    if not key(left) or not key(title):
        return None
    if is_noise(left) and key(found["rest"]):
        return Split(found["rest"], title, clean=False, fixed=True)
    return Split(left, title + recording_tail(found["rest"]), fixed=True)


def corner_quotes_first(text: str, host: Channel) -> Split | None:
    """`「T」A`, `『T』/ A`."""
    found = _CORNERS_FIRST.match(text)
    if not found or is_noise(trim(found["rest"])) or recording_tail(found["rest"]):
        return None
    return Split(found["rest"], _quoted(found), clean=False, fixed=True)


def loose_dash(text: str, host: Channel) -> Split | None:
    """`A- T`, `A -T`, `A -「T」`."""
    parts = [part for part in split_outside(text, _LOOSE_DASH) if trim(part)]
    if len(parts) != 2:
        return None
    return Split(parts[0], parts[1], clean=host.is_named(plain(parts[0])))


def other_signs(text: str, host: Channel) -> Split | None:
    """`A ~ T`, `A _ T`, `A : T`, `MV_A_T`."""
    for sign in _OTHER_SIGNS:
        parts = [part for part in split_outside(text, sign) if not is_noise(trim(part))]
        if len(parts) == 2:
            return Split(parts[0], parts[1], clean=sign.pattern != "_")
        text = parts[0] if len(parts) == 1 else text
    return None


def slash(text: str, host: Channel) -> Split | None:
    """`A / T` or `T / A` on A's channel; elsewhere `曲 / T` may be a translation, or `A / 曲` the artist."""
    parts = [part for part in split_outside(text, _SLASH) if trim(part) and not is_noise(trim(part))]
    named = any(host.is_exactly(plain(part)) or host.knows(plain(part)) for part in parts)
    # Of `夜 / Night` one half is a translation.
    eastern = all(_EAST_ASIAN.search(part) for part in parts) and COVERS.isdisjoint(words(text))
    if len(parts) != 2 or not (named or eastern):
        return None
    left, right = (re.sub(r"\s:\s.*$", lambda tail: "" if is_noise(tail[0]) else tail[0], p) for p in parts)
    return Split(left, right, clean=named)


def at_event(text: str, host: Channel) -> Split | None:
    """`A @ Festival 2019`."""
    artist, sign, event = text.partition(" @ ")
    if not sign or not key(artist) or not key(event) or words(artist)[-1:] == ["live"]:
        return None
    return Split(artist, event, clean=False, fixed=True)


def trusted_colon(text: str, host: Channel) -> Split | None:
    """`A: T - Part` on A's channel, `Bach: Suite - Air` on any."""
    left, sign, right = text.partition(": ")
    if not sign or not key(left) or says_nothing(right) or len(split_outside(left, _DASH)) > 1:
        return None
    trusted = host.is_exactly(plain(left)) or key(left.split()[-1]) in COMPOSERS
    return Split(left, right, fixed=True) if trusted else None


def colon(text: str, host: Channel) -> Split | None:
    """`A: "T"`, `A: T (Official Video)`, and `A: T` on a publisher's channel."""
    left, sign, right = text.partition(": ")
    if not sign or not key(left) or not key(right):
        return None
    trusted = trusted_colon(text, host)
    if trusted:
        return trusted
    released = CUT in right and not host.vevo
    if not host.artist or released or right.lstrip()[:1] in "\"“'":
        return Split(left, right, clean=False, fixed=True)
    return None


def quotes(text: str, host: Channel) -> Split | None:
    """`A "T" M/V`, `A 'T' Remix`; not `The "Best" Song` and not `Rock 'n' Roll`."""
    found = _DOUBLE.match(text) or _SINGLE.match(text)
    if not found:
        return None
    rest, tail = found["rest"], recording_tail(found["rest"])
    told = bool(tail) or rest[:1] == CUT or rest.lstrip()[:1] in "([@" or is_noise(plain(rest))
    told = told or _YEAR.fullmatch(plain(rest)) is not None
    if not told and host.artist and not host.is_named(plain(found["left"])):
        return None
    return Split(_PERFORMS.sub("", found["left"]), _quoted(found) + tail, clean=told, fixed=True)


def quoted_before_dash(text: str, host: Channel) -> Split | None:
    """`A, "T" - what kind of music`, and `A『T』 / the same - again` on A's channel."""
    parts = dash_parts(text)
    found = _DOUBLE_AT_END.match(parts[0]) if len(parts) == 2 else None
    if found and (found["left"].endswith(",") or host.is_exactly(plain(found["left"]))):
        return Split(found["left"], found["a"], clean=False, fixed=True)
    corners = _CORNERS.match(text)
    if corners and host.is_exactly(plain(corners["left"])):
        return corner_quotes(text, host)
    return None


def _quoted(found: re.Match[str]) -> str:
    groups = found.groupdict()
    return next((groups[name] for name in "abcd" if groups.get(name)), "")


def recording_tail(rest: str) -> str:
    """Of what follows a title only the recording is kept: `Remix` becomes ` (Remix)`."""
    bodies = [part.body for part in pieces(rest.replace(CUT, " "))]
    told = [without_tail(trim(recording_only(body))) for body in bodies if names_recording_plainly(body)]
    return "".join(f" ({part})" for part in told if part)


def names_recording_plainly(body: str) -> bool:
    """`Remix`, `Japanese Ver.`; not `Funny Ver.`, which behind a title is mostly a kind of video."""
    return names_recording([*words(body), "video"])


def written_by(text: str, host: Channel) -> Split | None:
    """`"T" by A`; without quotes only when the channel is A, for `Stand by Me` is a song."""
    title, sign, artist = text.rpartition(" by ")
    if not sign or not key(title) or not key(artist):
        return None
    quoted = title.strip()[:1] in "\"“'‘" and title.strip()[-1:] in "\"”'’"
    if quoted or host.is_exactly(plain(artist)):
        return Split(artist, title, fixed=True)
    return None


def square_title(text: str, host: Channel) -> Split | None:
    """`A [ 題 Title ] MV`: Chinese labels put the title in square brackets."""
    found = _SQUARE.match(text)
    return Split(found["left"], found["a"], clean=False, fixed=True) if found else None


def channel_in_front(text: str, host: Channel) -> Split | None:
    """`A T` on A's own channel."""
    parts = [] if host.publisher else text.split()
    for count in range(min(6, len(parts) - 1), 0, -1):
        front = " ".join(parts[:count])
        if key(front) in host.keys:
            return Split(front, " ".join(parts[count:]), clean=False, fixed=True)
    return None


def guest_of_host(text: str, host: Channel) -> Split | None:
    """`A Blue Room Session` on the channel Blue Room; `A live in Rome for Blue Room`."""
    at = text.casefold().find(f" {host.name.casefold()}") if host.name else -1
    stage = _STAGE.search(text)
    if stage and stage.start() < at:
        at = stage.start()
    return Split(text[:at], text[at:], clean=False, fixed=True) if at > 0 else None


def known_tight_dash(text: str, host: Channel) -> Split | None:
    """`A-T` and `T-A` where A is known, though its name may have dashes, too: `Jay-Dee-Harbour`."""
    for cut in (
        reversed([hit.start() for hit in re.finditer("[-–]", text)][:_MOST_DASHES]) if host.known else ()
    ):
        left, right = text[:cut].strip(), text[cut + 1 :].strip()
        if not key(left) or not key(right):
            continue
        if host.knows(plain(left)):
            return Split(left, right, fixed=True)
        if " " in plain(right) and host.knows(plain(right)):
            return Split(right, left, clean=False, fixed=True)
    return None


def known_in_front(text: str, host: Channel) -> Split | None:
    """`Jane Roe Harbour Official MV` where Jane Roe is known; not on the channel of a third."""
    official = host.publisher or CUT in text or not OFFICIAL.isdisjoint(words(text))
    parts = text.split()
    if not host.known or (host.artist and not official):
        return None
    for count in range(min(5, len(parts) - 1), 1, -1):
        front = " ".join(parts[:count])
        if key(front) in host.known and key(" ".join(parts[count:])):
            return Split(front, " ".join(parts[count:]), fixed=True)
    return None


def tight_dash(text: str, host: Channel) -> Split | None:
    """`Two Words-Title Words`, `Two Words-1979`; not `The Anti-Hero`."""
    found = _TIGHT.match(text)
    if not found:
        return None
    left, right = found["left"], found["right"]
    if host.is_named(left) or " " in right.strip() or right[0].isdigit():
        return Split(left, right, clean=False)
    return None


SEPARATORS: tuple[Callable[[str, Channel], Split | None], ...] = (
    cover_of,
    trusted_colon,
    quoted_before_dash,
    spaced_dash,
    corner_quotes,
    corner_quotes_first,
    loose_dash,
    slash,
    at_event,
    other_signs,
    colon,
    quotes,
    written_by,
    square_title,
    channel_in_front,
    guest_of_host,
    known_tight_dash,
    known_in_front,
    tight_dash,
)
