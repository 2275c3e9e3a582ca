"""Offers: of what a person corrected in the last days, the rules that would have spared them that.

Nothing is stored for an offer: it follows from what was proposed and what was accepted. Only the answer is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.db import now
from app.downloads.model import Download, StagedTrack
from app.rules import queries
from app.tags import info as read
from app.tags.corrections import Confirmed, learn
from app.tags.rules import KINDS, Rule
from app.tags.text import key

OFFERED_FOR = timedelta(days=7)
LOOKED_AT = 10
"""So many of the last accepted downloads are asked what they teach."""
COMPARED = 10
"""So many earlier ones of the same channel may speak for a rule, or against it."""


@dataclass(frozen=True)
class Offer:
    """Rules to choose from, and the download that taught them."""

    download_id: str
    site: str
    channel: str
    """As the site writes it."""
    rules: list[Rule]

    @property
    def sentences(self) -> list[tuple[str, str]]:
        """Each rule's kind and how it is said."""
        return [(rule.kind, KINDS[rule.kind].sentence(rule.value)) for rule in self.rules]


State = tuple[list[tuple[str, datetime]], tuple[int, str | None]]
MOST_REMEMBERED = 500
_remembered: dict[int, tuple[State, Offer | None]] = {}
"""By user. To learn takes a tenth of a second, and the inbox asks again and again."""


def newest_offer(session: Session, user_id: int) -> Offer | None:
    """Of the latest correction that teaches something and was not answered yet."""
    recent = queries.confirmed_since(session, user_id, now() - OFFERED_FOR, LOOKED_AT)
    state: State = (recent, queries.state(session, user_id))
    known = _remembered.get(user_id)
    if known and known[0] == state:
        return known[1]
    offer = next((found for id, _ in recent if (found := _offer_by_id(session, id))), None)
    if len(_remembered) >= MOST_REMEMBERED:
        _remembered.clear()
    _remembered[user_id] = (state, offer)
    return offer


def _offer_by_id(session: Session, id: str) -> Offer | None:
    download = session.get(Download, id)
    return offer_of(session, download) if download else None


def offer_of(session: Session, download: Download) -> Offer | None:
    """What this download teaches, if somebody corrected it and it is one track."""
    seen = _confirmed(download.tracks)
    if seen is None or not (_is_corrected(seen) or seen.cover):
        return None
    channel = read.channel(seen.info)
    if not channel:
        return None
    known = _answered(session, download, channel)
    before = queries.confirmed_before(session, download, COMPARED)
    earlier = [
        one
        for other in before
        if (one := _confirmed(other.tracks)) and key(read.channel(one.info)) == key(channel)
    ]
    rules = learn(seen, known=known, earlier=earlier)
    return Offer(download.id, download.site, channel, rules) if rules else None


def _confirmed(tracks: Sequence[StagedTrack]) -> Confirmed | None:
    track = tracks[0] if len(tracks) == 1 else None
    if track is None or track.tags is None:
        return None
    return Confirmed(info=track.info, proposal=track.proposal, tags=track.tags, cover=_cover(track))


def _cover(track: StagedTrack) -> str:
    """What the person did with the source's picture, as a rule says it; empty: nothing."""
    if track.cover_file and not track.with_cover:
        return "none"
    edit = track.cover_edit or {}
    of_source = edit.get("from") == "crop" and edit.get("of") == "source" and "x" in edit
    return "{x} {y} {size}".format(**edit) if of_source else ""


def _is_corrected(seen: Confirmed) -> bool:
    names = {name for kind in KINDS.values() for name in kind.fields}
    return any((getattr(seen.tags, name) or "") != seen.proposal.value(name) for name in names)


def _answered(session: Session, download: Download, channel: str) -> set[str]:
    """The kinds of rules that this channel has, or that the person does not want to hear of."""
    found: set[str] = set()
    for rule in queries.about(session, download.user_id, download.site, channel):
        kind = rule.kind.removeprefix(queries.UNWANTED)
        # A rule that was taken back is not offered for what was handed in before: its value says when.
        if kind == rule.kind or not rule.value or download.created_at.isoformat() <= rule.value:
            found.add(kind)
    return found
