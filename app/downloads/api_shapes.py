"""What the JSON API of downloads takes and gives."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from app.audio.facts import QualityFacts, facts_of
from app.downloads import known, undo, waiting
from app.downloads.forms import FIELDS
from app.downloads.lanes import Lane, lane_of, lane_of_all
from app.downloads.model import Download, StagedTrack, State
from app.downloads.places import Places, places_of
from app.downloads.progress import Progress, ProgressBoard
from app.library import queries as library_queries
from app.library.duplicates import Match, Sameness, only_duplicates
from app.library.model import Reason, Track
from app.room import Room
from app.services import Services
from app.tags.model import Suggestion, Tags


class LinkIn(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    text: str = ""
    """Where `url` is empty: what a phone shares, with the link somewhere in it."""
    format: str | None = None
    quality: str | int | None = None
    tracks: str | list[str] | None = None
    skip_review: bool = False
    confirm_lossy: bool = False
    fetch_again: bool = False
    """Also when the library has it already."""


class TrackTagsIn(msgspec.Struct, forbid_unknown_fields=True):
    id: str | None = None
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    album_artist: str | None = None
    track_no: int | str | None = None
    disc_no: int | str | None = None
    date: str | None = None
    genre: str | None = None
    compilation: bool | None = None
    comment: str | None = None
    lyrics: str | None = None
    lyrics_synced: str | None = None
    """As LRC text: each line with its time."""
    trim_start_ms: int | None = None
    trim_end_ms: int | None = None

    def given(self) -> dict[str, Any]:
        """The tags that were sent; what was left out or null keeps the proposal."""
        return {name: getattr(self, name) for name in FIELDS if getattr(self, name) is not None}


class ConfirmIn(TrackTagsIn, forbid_unknown_fields=True):
    cover: str = "proposed"
    conflict: str | None = None
    tracks: list[TrackTagsIn] = []


class MoveIn(msgspec.Struct, forbid_unknown_fields=True):
    to: Literal["first", "last", "up", "down"]


class FailureOut(msgspec.Struct):
    kind: str
    message: str


class ProgressOut(msgspec.Struct):
    percent: float | None
    done_bytes: int | None
    total_bytes: int | None
    speed_bps: int | None
    eta_s: int | None


WHY = (
    "What says that it is the same: artist and title (`names`), the ISRC (`isrc`), where it came from "
    "(`source`) or, under other names, its `sound`. Null where a download was skipped before this was kept."
)


class DuplicateOut(msgspec.Struct):
    """A track of the library."""

    id: str
    path: str
    title: str
    artist: str
    album: str
    quality: QualityFacts | None
    by: Annotated[Reason | None, msgspec.Meta(description=WHY)]


class StagedTrackOut(msgspec.Struct):
    id: str
    position: int
    proposal: dict[str, Suggestion]
    tags: Tags | None
    quality: QualityFacts | None
    conversion: str
    lane: Lane | None
    """How much it wants of a person; null when nobody is asked any more."""
    duplicates: list["DuplicateOut"]
    """The same recording in the library, while it is in review."""
    also_on: list["DuplicateOut"]
    """The same artist and title on other releases in the library, while it is in review."""
    trim_start_ms: int | None
    """Where the kept part begins and ends in what was fetched; null: at its own start and end."""
    trim_end_ms: int | None
    path: str | None
    library_track_id: str | None


class DownloadOut(msgspec.Struct):
    id: str
    url: str
    source: str
    site: str
    kind: str
    state: str
    lane: Lane | None
    """In review: whether all is sure, something wants a look, or something is missing."""
    title: str
    format: str
    failure: FailureOut | None
    """Why it failed, or, while it is queued or finalizing, why it waits."""
    retry_at: datetime | None
    """When it goes on by itself, if it waits for that."""
    progress: ProgressOut
    proposal: dict[str, Suggestion]
    quality: QualityFacts | None
    trim_start_ms: int | None
    trim_end_ms: int | None
    duplicates: list["DuplicateOut"]
    """What the library has of it already: while it is in review, and of what was skipped for that."""
    path: str | None
    tracks: list[StagedTrackOut]
    created_at: datetime
    finished_at: datetime | None
    undo_until: datetime | None
    """Until when it can be brought back to review, if it can."""


class DownloadsOut(msgspec.Struct):
    items: list[DownloadOut]
    next: str | None


class PathsOut(msgspec.Struct):
    paths: list[str]


def download_out(download: Download, board: ProgressBoard, services: Services) -> DownloadOut:
    return downloads_out([download], board, services)[0]


def downloads_out(
    downloads: Sequence[Download], board: ProgressBoard, services: Services
) -> list[DownloadOut]:
    with services.db.read() as session:
        have = known.of_reviews(session, downloads)
        skipped_for = {one.duplicate_of for one in downloads if one.duplicate_of}
        tracks = library_queries.by_ids(session, skipped_for)
        places = places_of(session, downloads)
    return [_download_out(one, board, services.room, have, tracks, places) for one in downloads]


def _download_out(
    download: Download,
    board: ProgressBoard,
    room: Room,
    have: known.Known,
    tracks: Mapping[str, Track],
    places: Places,
) -> DownloadOut:
    first = download.tracks[0] if download.tracks else None
    progress = board.get(download.id) if download.active else Progress()
    failure = None
    wait = waiting.why(download, room)
    if wait:
        failure = FailureOut(wait.kind, wait.message)
    elif download.failure_kind:
        failure = FailureOut(download.failure_kind, download.failure_message or "")
    return DownloadOut(
        id=download.id,
        url=download.url,
        source=download.source,
        site=download.site,
        kind=download.kind,
        state=download.state,
        lane=lane_of_all(download, have) if download.state is State.REVIEW else None,
        title=download.title,
        format=download.format,
        failure=failure,
        retry_at=wait.until if wait else None,
        progress=ProgressOut(
            progress.percent, progress.done_bytes, progress.total_bytes, progress.speed_bps, progress.eta_s
        ),
        proposal=first.proposal.fields if first else {},
        quality=facts_of(first.source_quality) if first else None,
        trim_start_ms=first.trim_start_ms if first else None,
        trim_end_ms=first.trim_end_ms if first else None,
        duplicates=_duplicates(download, have, tracks),
        path=places.get(first.id, first.path) if first and download.state is State.DONE else None,
        tracks=[_track_out(download, track, have, places) for track in download.tracks],
        created_at=download.created_at,
        finished_at=download.finished_at,
        undo_until=download.undo_until if undo.is_possible(download) else None,
    )


def _duplicates(download: Download, have: known.Known, tracks: Mapping[str, Track]) -> list[DuplicateOut]:
    if download.duplicate_of:
        track = tracks.get(download.duplicate_of)
        return [_track_of_library(track, download.duplicate_by)] if track else []
    found = (match for track in download.tracks for match in have.get(track.id, ()))
    return [_duplicate_out(one) for one in only_duplicates(found)]


def _duplicate_out(match: Match) -> DuplicateOut:
    return _track_of_library(match.track, match.by)


def _track_of_library(track: Track, by: Reason | None) -> DuplicateOut:
    quality = facts_of(track.quality)
    return DuplicateOut(track.id, track.path, track.title, track.artist, track.album, quality, by)


def _track_out(download: Download, track: StagedTrack, have: known.Known, places: Places) -> StagedTrackOut:
    found = have.get(track.id, ())
    return StagedTrackOut(
        id=track.id,
        position=track.position,
        proposal=track.proposal.fields,
        tags=track.tags,
        quality=facts_of(track.source_quality),
        conversion=track.conversion,
        lane=lane_of(download, track, have) if download.state is State.REVIEW else None,
        duplicates=[_duplicate_out(one) for one in only_duplicates(found)],
        also_on=[_duplicate_out(one) for one in found if one.sameness is Sameness.ALSO_ON],
        trim_start_ms=track.trim_start_ms,
        trim_end_ms=track.trim_end_ms,
        path=places.get(track.id, track.path),
        library_track_id=track.library_track_id,
    )


class FormatOut(msgspec.Struct):
    name: str
    extension: str
    label: str
    lossless: bool


class FormatsOut(msgspec.Struct):
    items: list[FormatOut]
    default: str
