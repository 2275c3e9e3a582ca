"""What a person typed into a review and has not sent yet: a reload or a closed page loses nothing of it."""

from collections.abc import Mapping

from app.downloads import forms, queries
from app.downloads.model import Download, StagedTrack
from app.services import Services
from app.tags.model import Tags

MAX_CHARS = 2 * forms.MAX_LYRICS_CHARS
"""Too long to be accepted is not too long to be kept."""
NAMES = ("title", "artist")
"""What a track cannot do without."""


def before(track: StagedTrack) -> dict[str, str]:
    """What the form says while nothing was typed: what is proposed, or what was confirmed once already."""
    return _proposed(track) if track.tags is None else _texts(track.tags)


def confirmed(track: StagedTrack) -> dict[str, str]:
    """What was confirmed, as a draft: what differs from the proposal, and the names, as they are sure."""
    said, proposed = before(track), _proposed(track)
    return {name: text for name, text in said.items() if name in NAMES or text != proposed[name]}


def values_of(track: StagedTrack) -> dict[str, str]:
    """What the form says."""
    return {**before(track), **(track.draft or {})}


def draft_of(track: StagedTrack, form: Mapping[str, str]) -> dict[str, str] | None:
    """Where the form differs from what it said before; None: nowhere. Missing fields count as kept."""
    typed = {name: _text(form[name]) for name in forms.FIELDS if name in form}
    said = before(track)
    return {name: text for name, text in typed.items() if text != _text(said.get(name, ""))} or None


def save(services: Services, download: Download, form: Mapping[str, str]) -> bool:
    """Keep what was typed. False when that is nothing new, or too late: it may come after the form itself."""
    track = download.tracks[0]
    draft = draft_of(track, form)
    if draft == track.draft:
        return False
    with services.db.write() as session:
        return queries.set_draft(session, track.id, draft)


def swapped(values: Mapping[str, str]) -> dict[str, str]:
    """The same with title and artist in each other's place; an album artist that was the artist follows."""
    title, artist = values.get("title", ""), values.get("artist", "")
    follows = values.get("album_artist", "") == artist
    return {**values, "title": artist, "artist": title, **({"album_artist": title} if follows else {})}


def changes(track: StagedTrack, tags: Tags) -> list[tuple[str, str, str]]:
    """Field, what the fetched file says, what will be written: for each field that one of them has."""
    old = track.in_file
    rows = [
        (name, forms.text_of(getattr(old, name)), forms.text_of(getattr(tags, name))) for name in forms.FIELDS
    ]
    return [row for row in rows if row[1] or row[2]]


def _proposed(track: StagedTrack) -> dict[str, str]:
    """As it was proposed, also where that is no tag: a date that cannot be."""
    found = {name: one.value for name, one in track.proposal.fields.items()}
    return {**_texts(track.proposal.tags()), **found}


def _texts(tags: Tags) -> dict[str, str]:
    return {name: forms.text_of(getattr(tags, name)) for name in forms.FIELDS}


def _text(value: str) -> str:
    """Browsers send other line ends than they were given."""
    return value.replace("\r\n", "\n").replace("\r", "\n")[:MAX_CHARS]
