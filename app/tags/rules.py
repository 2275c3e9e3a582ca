"""The kinds of rules that a person may have about a channel, and what each makes of a proposal.

Rules come before everything else that we know: a field that a rule speaks of says "your rule".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from app.languages.say import say
from app.tags import info as read
from app.tags.channels import read_channel
from app.tags.credits import main_artist, take_features, with_features
from app.tags.model import Proposal, Suggestion
from app.tags.performer import LIKELY, whole_title
from app.tags.propose import THE_ARTIST, WITHOUT_FEATURES, propose
from app.tags.text import clean, key, split_outside, squeeze
from app.tags.title_noise import tidy, trim, without_noise, without_tail
from app.tags.title_splits import dash_parts, plain
from app.tags.titles import AGREES, FROM_TITLE, KNOWN, ParsedTitle, parse_title

Info = Mapping[str, Any]

YOUR_RULE = say("your rule")
TAUGHT = 0.99
"""A rule can be wrong about one upload, but the person knows better than any of our readings."""

_PIPE = re.compile(r"\s*[|｜]\s*")
_NAMES = re.compile(r"\s*(?:,|;|&|\sx\s|\band\b)\s*", re.IGNORECASE)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person taught. `id` is its row's; empty while it is only offered."""

    kind: str
    value: str = ""
    id: str = ""


class Example(NamedTuple):
    """On this channel, an upload of this title becomes these tags, by a rule of this value."""

    value: str
    channel: str
    upload: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Kind:
    name: str
    topic: str
    says: str
    """As it is offered and listed, with the value in it."""
    means: str
    fields: tuple[str, ...] = ()
    """The fields that it speaks of, the most important first."""
    label: str = ""
    """What its value is called; empty: it needs none."""
    choices: tuple[str, ...] = ()
    """The values that it may have; empty: any text."""
    pattern: str = ""
    """Other values that fit, beside the choices."""
    examples: tuple[Example, ...] = ()

    def sentence(self, value: str) -> str:
        return self.says.format(value=value, choice=self.choice(value))

    def choice(self, value: str) -> str:
        """One of its choices in words."""
        return _CHOSEN.get(value, say("is the same square of the picture")) if self.choices else value


_CHOSEN = {
    "none": say("is left out"),
    "on": say("are added by themselves when ready"),
    "off": say("wait for you"),
}

# What a person can say about the order of artist and title: one of these, in place of the other.
ORDERS = {"artist_left": say("left of the dash"), "artist_right": say("right of the dash")}

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "artist_is",
            say("the artist"),
            say("artist is {value}"),
            say("Every upload is by this artist. The rest of what it is called is the title."),
            ("artist", "title"),
            say("Artist"),
            examples=(
                Example(
                    "Jane Roe",
                    "saltpan99",
                    "Harbour Lights",
                    {"artist": "Jane Roe", "title": "Harbour Lights"},
                ),
                Example(
                    "Jane Roe",
                    "saltpan99",
                    "Jane Roe - Harbour (Official Video)",
                    {"artist": "Jane Roe", "title": "Harbour"},
                ),
                Example(
                    "Jane Roe",
                    "saltpan99",
                    "Harbour (feat. Bo Lund)",
                    {"artist": "Jane Roe feat. Bo Lund", "title": "Harbour"},
                ),
            ),
        ),
        Kind(
            "artist_left",
            say("the order of artist and title"),
            say("artist is left of the dash"),
            say("Uploads are called artist, dash, title."),
            ("artist", "title"),
            examples=(
                Example("", "Jane Roe", "Bo Lund - Jane Roe", {"artist": "Bo Lund", "title": "Jane Roe"}),
                Example("", "Wet Ink", "Mira Vale – Tide [HD]", {"artist": "Mira Vale", "title": "Tide"}),
            ),
        ),
        Kind(
            "artist_right",
            say("the order of artist and title"),
            say("artist is right of the dash"),
            say("Uploads are called title, dash, artist."),
            ("artist", "title"),
            examples=(
                Example("", "Wet Ink", "Tide - Mira Vale", {"artist": "Mira Vale", "title": "Tide"}),
                Example(
                    "",
                    "Wet Ink",
                    "Tide - Mira Vale ft. Bo Lund (Official Video)",
                    {"artist": "Mira Vale feat. Bo Lund", "title": "Tide"},
                ),
            ),
        ),
        Kind(
            "strip",
            say("what to cut from titles"),
            say("“{value}” is not part of the title"),
            say("The channel writes this in front of its titles or behind them."),
            ("title",),
            say("Not in the title"),
            examples=(
                Example(
                    "// wet ink",
                    "Wet Ink",
                    "Mira Vale - Tide // Wet Ink",
                    {"artist": "Mira Vale", "title": "Tide"},
                ),
                Example(
                    "Sunday Tape:",
                    "tapes of ours",
                    "Sunday Tape: Mira Vale - Tide",
                    {"artist": "Mira Vale", "title": "Tide"},
                ),
            ),
        ),
        Kind(
            "album_artist_is",
            say("the album artist"),
            say("album artist is {value}"),
            say("Players group albums by it."),
            ("album_artist",),
            say("Album artist"),
            examples=(Example("Wet Ink", "Wet Ink", "Mira Vale - Tide", {"album_artist": "Wet Ink"}),),
        ),
        Kind(
            "album_is",
            say("the album"),
            say("album is {value}"),
            say("Every upload belongs to this album."),
            ("album",),
            say("Album"),
            examples=(Example("Sea Songs", "Mira Vale", "Tide", {"album": "Sea Songs"}),),
        ),
        Kind(
            "genre_is",
            say("the genre"),
            say("genre is {value}"),
            say("Every upload is of this genre."),
            ("genre",),
            say("Genre"),
            examples=(Example("Folk", "Mira Vale", "Tide", {"genre": "Folk"}),),
        ),
        Kind(
            "crop",
            say("the cover"),
            say("the cover {choice}"),
            say("What becomes of the picture."),
            label=say("The cover"),
            choices=("none",),
            pattern=r"\d{1,4} \d{1,4} \d{1,4}",
        ),
        Kind(
            "add_when_ready",
            say("adding by itself"),
            say("tracks {choice}"),
            say("What needs no look from you is added as proposed."),
            label=say("Tracks"),
            choices=("on", "off"),
        ),
    )
}

NAMING = ("artist_left", "artist_right", "artist_is")
"""Each says all about artist and title: a channel has one of them."""


def apply(
    proposal: Proposal, info: Info, rules: Sequence[Rule], again: Callable[[Info], Proposal] = propose
) -> Proposal:
    """The proposal as the person wants it. Of two rules of a kind the first counts.

    `again` proposes anew, for an info whose title was cut by a rule.
    """
    known = {rule.kind: rule for rule in reversed(rules)}
    if rule := known.get("strip"):
        proposal, info = _stripped(proposal, info, rule, again)
    if rule := next((known[kind] for kind in NAMING if kind in known), None):
        proposal = _named(proposal, info, rule)
    for kind in ("album_artist_is", "album_is", "genre_is"):
        if rule := known.get(kind):
            proposal = _taught(proposal, rule, {KINDS[kind].fields[0]: rule.value})
    return proposal


def cover_rule(rules: Sequence[Rule]) -> Rule | None:
    """What to do with the picture: its value is `none`, or left, top and size of a square in thousandths."""
    return next((rule for rule in rules if rule.kind == "crop"), None)


def adds_by_itself(rules: Sequence[Rule]) -> bool:
    return next((rule.value == "on" for rule in rules if rule.kind == "add_when_ready"), False)


def _taught(
    proposal: Proposal, rule: Rule, values: Mapping[str, str], sure: Mapping[str, float] | None = None
) -> Proposal:
    """These values, because the rule says so; the album artist follows an artist that it was taken from."""
    fields = dict(proposal.fields)
    for name, value in values.items():
        confidence = (sure or {}).get(name, TAUGHT)
        fields[name] = Suggestion(value=clean(value), reason=YOUR_RULE, confidence=confidence, rule=rule.id)
    derived = fields.get("album_artist")
    if "artist" in values and (derived is None or derived.reason in (THE_ARTIST, WITHOUT_FEATURES)):
        main = main_artist(values["artist"])
        reason = THE_ARTIST if main == values["artist"] else WITHOUT_FEATURES
        fields["album_artist"] = Suggestion(value=main, reason=reason, confidence=TAUGHT)
    return Proposal(fields=fields)


def _stripped(
    proposal: Proposal, info: Info, rule: Rule, again: Callable[[Info], Proposal]
) -> tuple[Proposal, Info]:
    """Cut from what the upload is called, which is then read anew, and from the title that came of it."""
    called = clean(info.get("title"), 1_000)
    shorter = cut(called, rule.value)
    before = proposal
    if shorter != called:
        info = {**info, "title": shorter}
        proposal = again(info)
    values = {name: one.value for name, one in proposal.fields.items()}
    values["title"] = cut(values.get("title", ""), rule.value)
    changed = {name: value for name, value in values.items() if value != before.value(name)}
    # What the shorter title does not say any more, it never said.
    kept = Proposal(fields={n: one for n, one in before.fields.items() if values.get(n)})
    return _taught(kept, rule, changed), info


def cut(text: str, affix: str) -> str:
    """`T | Label` without `| Label`. As it is when that stands at neither end, or is all there is."""
    affix = squeeze(affix)
    if not affix:
        return text
    low, size = affix.casefold(), len(affix)
    for end, rest, near in (
        (text[-size:], text[:-size], affix[:1]),
        (text[:size], text[size:], affix[-1:]),
    ):
        beside = rest[-1:] if rest == text[:-size] else rest[:1]
        if end.casefold() == low and key(rest) and not (beside.isalnum() and near.isalnum()):
            return trim(rest)
    return text


def _named(proposal: Proposal, info: Info, rule: Rule) -> Proposal:
    if rule.kind == "artist_is":
        return _artist_is(proposal, info, rule)
    found = _sides(info, left=rule.kind == "artist_left")
    return _taught(proposal, rule, {"artist": found.artist, "title": found.title}) if found else proposal


def _sides(info: Info, *, left: bool) -> ParsedTitle | None:
    """Artist and title from the two sides of the first dash (the last one, when the artist is right)."""
    parts = split_outside(tidy(whole_title(info)), _PIPE)
    dashed = next((part for part in parts if len(dash_parts(part)) > 1), None)
    if dashed is None:
        return None
    sides = dash_parts(dashed)
    artist, title = (sides[0], sides[1:]) if left else (sides[-1], sides[:-1])
    rest = [part for part in parts if part is not dashed]
    name = plain(take_features(artist).text) or plain(artist)
    written = " | ".join([f"{artist} - {' - '.join(title)}", *rest])
    # What is known of the channel helps to clean the title, but must not turn the sides around.
    found = (parse_title(written, host, {key(name)}) for host in (read.channel(info), ""))
    fits = (one for one in found if one.title and key(main_artist(one.artist)) in (key(name), key(artist)))
    return next(fits, None)


def _artist_is(proposal: Proposal, info: Info, rule: Rule) -> Proposal:
    """The title is what is left when the artist is taken out; a title from a field stays as it is."""
    told = proposal.fields.get("title")
    if told and told.reason == read.from_site(info):
        before = proposal.value("artist")
        guests = before[len(main_artist(before)) :]
        return _taught(proposal, rule, {"artist": f"{rule.value}{guests}"})
    called = whole_title(info)
    found = parse_title(called, rule.value)
    named = [key(name) for name in _NAMES.split(main_artist(found.artist))]
    if found.reason in (AGREES, KNOWN) and key(rule.value) in named:
        artist = found.artist if len(named) > 1 else f"{rule.value}{_guests(found.artist)}"
        return _taught(proposal, rule, {"artist": artist, "title": found.title})
    if found.reason in (AGREES, KNOWN, FROM_TITLE):
        # Somebody else stands there. The rule holds, but a person should look.
        title, names = _bare(called, info)
        values = {"artist": with_features(rule.value, names), "title": title}
        return _taught(proposal, rule, values, {"title": LIKELY})
    return _taught(
        proposal, rule, {"artist": f"{rule.value}{_guests(found.artist)}", "title": found.title or called}
    )


def _guests(artist: str) -> str:
    """Of `A feat. B` the part ` feat. B`."""
    return artist[len(main_artist(artist)) :]


def _bare(called: str, info: Info) -> tuple[str, list[str]]:
    """The whole title without features, and without what only says what kind of upload it is."""
    host = read_channel(read.channel(info))
    text, guests = take_features(without_noise(tidy(called), host.whole, host.publisher))
    return trim(without_tail(text)) or trim(called), guests
