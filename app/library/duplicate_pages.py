"""The page of duplicates: what the library has twice, to be compared, heard and thinned out."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlencode

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from app.audio.quality import clock, label
from app.htmx import page
from app.languages.say import say
from app.library import duplicate_groups
from app.library.duplicate_groups import DIFFERENT, ISRC, NAMES, SOUND, SOURCE
from app.library.duplicates import is_better, sound_of, worth
from app.library.model import Track
from app.services import Services

SAID = {
    NAMES: "",
    ISRC: say("The same recording by its ISRC, under other names."),
    SOURCE: say("From the same upload, under other names."),
    SOUND: say("Sounds the same, under other names."),
    DIFFERENT: say("Same name, sounds different: two recordings, no duplicates."),
}


@dataclass(frozen=True)
class Copy:
    """One of the files. `best`: the one that is better than each of the others."""

    id: str
    name: str
    by: str
    facts: str
    path: str
    best: bool


@dataclass(frozen=True)
class Shown:
    title: str
    why: str
    copies: list[Copy]


@get("/library/duplicates", sync_to_thread=True)
def duplicates_page(
    services: NamedDependency[Services],
    kind: FromQuery[str] = "",
    a: FromQuery[str] = "",
    b: FromQuery[str] = "",
) -> Template:
    """Groups of tracks that are the same recording; `kind`, `a` and `b` are where the last page ended."""
    with services.db.read() as session:
        found = duplicate_groups.page(session, (kind, a, b) if kind in SAID else ())
    ended = dict(zip(("kind", "a", "b"), found.next or (), strict=False))
    more = f"/library/duplicates?{urlencode(ended)}" if ended else ""
    groups = [_shown(group.kind, group.tracks) for group in found.groups]
    return page("library/duplicates.html", groups=groups, more=more, later=bool(kind), nav="library")


def _shown(kind: str, tracks: list[Track]) -> Shown:
    ordered = sorted(tracks, key=lambda one: worth(*sound_of(one)), reverse=True)
    # Of two recordings none is "the better one".
    compared = [] if kind == DIFFERENT else tracks
    return Shown(_name(ordered[0]), SAID[kind], [_copy(one, compared) for one in ordered])


def _copy(track: Track, group: list[Track]) -> Copy:
    others = [sound_of(one) for one in group if one is not track]
    return Copy(
        id=track.id,
        name=_name(track),
        by=" · ".join(part for part in (track.artist, track.album) if part),
        facts=" · ".join(part for part in (clock(track.duration_ms), sound(track)) if part),
        path=track.path,
        best=bool(others) and is_better(sound_of(track), others),
    )


def _name(track: Track) -> str:
    return track.title or PurePosixPath(track.path).stem


def sound(track: Track) -> str:
    """What the file is, and honestly what it was made of when that was less."""
    if track.quality is None:
        return ""
    source = track.source_quality
    if source and worth(source, None) < worth(track.quality, None):
        return say(f"{label(track.quality)}, made from {label(source)}")
    return label(track.quality)


HANDLERS = [duplicates_page]
