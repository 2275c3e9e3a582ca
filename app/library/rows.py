"""Tracks, artists and releases as the pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.audio.quality import clock, label_with_source
from app.htmx import version
from app.languages.say import say
from app.library import likes
from app.library.groups import Group
from app.library.model import Track


@dataclass(frozen=True)
class Row:
    """One track as a list shows it."""

    id: str
    name: str
    by: str
    facts: str
    error: str
    cover: str
    """The path of its small cover; empty without one."""
    liked: bool
    number: str | None = None
    """Its number on the release that is shown, if one is."""


@dataclass(frozen=True)
class GroupRow:
    """An artist or a release as a list shows it."""

    link: str
    name: str
    by: str
    facts: str
    cover: str
    pictured: bool
    """A release has its place for a cover, also without one."""

    @property
    def id(self) -> str:
        return version(self.link)


def rows_of(session: Session, tracks: Sequence[Track], user_id: int, *, numbered: bool = False) -> list[Row]:
    """`numbered`: as the tracks of one release, whose names stand above them."""
    liked = likes.liked(session, user_id, (track.id for track in tracks))
    return [_row(track, track.id in liked, numbered) for track in tracks]


def name_of(track: Track) -> str:
    """A file without a title is called by its file name."""
    return track.title or PurePosixPath(track.path).stem


def cover_of(track: Track) -> str:
    return f"/library/tracks/{track.id}/cover?v={track.mtime_ns:x}" if track.has_cover else ""


def sound_of(track: Track) -> str:
    """What the file is, and honestly what it was when that was less."""
    return label_with_source(track.quality, track.source_quality) if track.quality else ""


def artist_link(key: str) -> str:
    return f"/library/artist?{urlencode({'key': key})}"


def release_link(key: str, by: str) -> str:
    return f"/library/release?{urlencode({'key': key, 'by': by})}"


def artist_row(group: Group) -> GroupRow:
    return GroupRow(artist_link(group.key), group.name, "", counted(group.tracks), "", pictured=False)


def release_row(group: Group, *, with_artist: bool = True) -> GroupRow:
    facts = " · ".join(part for part in (str(group.year or ""), counted(group.tracks)) if part)
    return GroupRow(
        release_link(group.key, group.by),
        group.name,
        group.artist if with_artist else "",
        facts,
        cover_of(group.cover) if group.cover else "",
        pictured=True,
    )


def counted(number: int) -> str:
    return say("1 track") if number == 1 else say(f"{number:,} tracks")


def _row(track: Track, liked: bool, numbered: bool) -> Row:
    by = (
        (track.artist if track.artist != track.album_artist else "",)
        if numbered
        else (track.artist, track.album)
    )
    facts = (clock(track.duration_ms), sound_of(track))
    return Row(
        id=track.id,
        name=name_of(track),
        by=" · ".join(part for part in by if part),
        facts=" · ".join(part for part in facts if part),
        error=track.error or "",
        cover="" if numbered else cover_of(track),
        liked=liked,
        number=str(track.track_no or "") if numbered else None,
    )
