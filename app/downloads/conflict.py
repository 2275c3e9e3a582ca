"""What to do with a track that the library has already: the person's policy decides."""

from msgspec.structs import replace
from sqlalchemy.orm import Session

from app.audio.model import Quality
from app.downloads import known
from app.downloads.model import Download, StagedTrack
from app.library.duplicates import Match, is_better, only_duplicates, sound_of
from app.library.model import Track
from app.tags.model import Tags

KEEP_BOTH = "keep_both"


class AlreadyThere(Exception):
    """It is there, and the person wants it left alone. `have` is the library's, where it is known."""

    def __init__(self, have: Match | None = None) -> None:
        super().__init__(have)
        self.have = have


def match_to_replace(
    session: Session, download: Download, track: StagedTrack, tags: Tags, quality: Quality
) -> Match | None:
    """In whose place this track goes; None: it is added beside whatever is there. Raises AlreadyThere.

    `quality` is that of the file which is about to be added.
    """
    if download.conflict == KEEP_BOTH:
        return None
    have = only_duplicates(known.of_track(session, track, tags))
    if not have:
        return None
    better = is_better((quality, track.source_quality), (sound_of(one.track) for one in have))
    if download.conflict == "skip" or (download.conflict == "overwrite_if_better" and not better):
        raise AlreadyThere(have[0])
    return have[0]


def with_album_of(old: Track, tags: Tags) -> Tags:
    """The new file's tags. Where they name no album, that of the old file stays, with the place on it."""
    if tags.album or not old.album:
        return tags
    return replace(
        tags,
        album=old.album,
        album_artist=old.album_artist,
        track_no=tags.track_no or old.track_no,
        disc_no=tags.disc_no or old.disc_no,
    )
