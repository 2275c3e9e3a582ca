"""What the library has already of a download: at its link, at its source, and of its staged tracks."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from sqlalchemy.orm import Session

from app.audio.formats import FORMATS
from app.downloads import candidates, drafts, print_queries, queries, trim
from app.downloads.model import Download, StagedTrack, State
from app.errors import Invalid
from app.library import duplicate_queries, duplicates
from app.library.duplicates import Match, Recording, Sameness
from app.library.model import Track
from app.services import Services
from app.sources.urls import clean_link
from app.tags import info as read
from app.tags.model import Tags

Known = Mapping[str, Sequence[Match]]
"""By staged track: what the library has of it, duplicates first. Who has nothing is missing."""


def of_reviews(session: Session, downloads: Iterable[Download]) -> Known:
    """What the library has of those of these downloads that wait for their review."""
    waiting = [track for one in downloads if one.state is State.REVIEW for track in one.tracks]
    sounds = print_queries.of_staged(session, waiting)
    wanted = {track.id: _proposed(track, sounds.get(track.id, b"")) for track in waiting}
    return duplicates.matches_of_all(session, wanted)


def of_track(session: Session, track: StagedTrack, tags: Tags) -> list[Match]:
    """What the library has of this track if it is called so."""
    sound = print_queries.of_staged(session, [track]).get(track.id, b"")
    return duplicates.matches(session, recording(track, tags, sound))


def recording(track: StagedTrack, tags: Tags, sound: bytes = b"") -> Recording:
    """A staged track with these names, and this print, as it is compared."""
    origin = Tags(
        title=tags.title,
        artist=tags.artist,
        album=tags.album,
        isrc=tags.isrc or candidates.isrc(track),
        source_id=read.source_id(track.info),
    )
    return duplicates.recording_of(origin, trim.kept_ms(track), sound)


def has_duplicate(found: Iterable[Match]) -> bool:
    return any(one.sameness is Sameness.DUPLICATE for one in found)


def at_link(session: Session, url: str, url_key: str) -> Track | None:
    """The track of the library that was fetched from this link, by whomever."""
    return queries.library_track_from(session, url_key) or duplicate_queries.with_source_url(session, url)


def at_paste(services: Services, user_id: int, url: str) -> Track | None:
    """What to tell a person who pastes this; a link that is no link or on its way has its own sentence."""
    try:
        link = clean_link(url)
    except Invalid:
        return None
    with services.db.read() as session:
        if queries.open_link(session, user_id, link.key):
            return None
        return at_link(session, link.url, link.key)


def at_source(session: Session, download: Download, source_id: str, duration_ms: int | None) -> Track | None:
    """The track of the library for which this download need not be fetched: from there, and of its format.

    A part that was cut out of it does not count, nor does a file of another format than is asked for.
    """
    if download.fetch_again:
        return None
    trusted = duplicates.known_source(source_id)
    found = duplicate_queries.with_source(session, [trusted]) if trusted else []
    by_link = at_link(session, download.url, download.url_key)
    ending = FORMATS[download.format].extension
    for track in [*found, *([by_link] if by_link else [])]:
        long_enough = duration_ms is None or duplicates.is_as_long(track.duration_ms, duration_ms)
        if long_enough and ending in ("", PurePosixPath(track.path).suffix[1:].lower()):
            return track
    return None


def is_being_added(session: Session, track: StagedTrack, tags: Tags) -> bool:
    """Whether the same recording is on its way into the library from another download."""
    others = queries.finalizing_tracks(session, not_of=track.download_id)
    sounds = print_queries.of_staged(session, [track, *others])
    mine = recording(track, tags, sounds.get(track.id, b""))
    return any(
        duplicates.sameness(mine, recording(other, other.tags, sounds.get(other.id, b"")))
        is Sameness.DUPLICATE
        for other in others
        if other.tags
    )


def _proposed(track: StagedTrack, sound: bytes) -> Recording:
    values = drafts.values_of(track)
    title, artist, album = (values.get(name, "") for name in ("title", "artist", "album"))
    return recording(track, Tags(title=title, artist=artist, album=album), sound)
