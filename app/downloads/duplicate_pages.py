"""What the library has already: the box on the review page, and the answers to what was skipped for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.audio.convert import plan
from app.audio.model import Quality
from app.audio.quality import clock
from app.downloads import cards, forms, known, prints, trim
from app.downloads.model import Conversion, Download, StagedTrack
from app.downloads.requests import AnyRequest, own
from app.errors import Failure, NotFound
from app.htmx import go
from app.languages.say import say
from app.library import place, queries, template
from app.library.duplicate_pages import sound
from app.library.duplicates import Sameness, is_better, sound_of
from app.library.model import Reason, Track
from app.library.rows import cover_of
from app.services import Services
from app.settings import CONFLICTS
from app.tags.model import Tags

MOST_SHOWN = 5
SAID = {
    Sameness.ALSO_ON: say("Also on"),
    Sameness.SIMILAR: say("Similar"),
    Sameness.OTHER_SOUND: say("Same name, sounds different"),
    Sameness.VERSION: say("Sounds the same, another version by its title"),
}
OF_NAMES = ("keep_both", "skip")
"""What can be done when only the name is taken, by another recording."""


@dataclass(frozen=True)
class Line:
    """One track of the library, as the box shows it."""

    id: str
    how: Sameness
    name: str
    by: str
    path: str
    facts: str
    place: str
    cover: str
    """The path of its small cover; empty without one."""
    by_sound: bool = False


@dataclass(frozen=True)
class Box:
    """`chosen` is what will be done; without `choices` there is nothing to choose."""

    lines: list[Line]
    facts: str
    """Of the new file."""
    cover: str
    """The path of its small cover, as of a line."""
    verdict: str
    """Which of the files is the better one, if that is known already."""
    name_taken: bool
    choices: dict[str, str]
    chosen: str
    pending: bool = False
    """What it sounds like is not known yet: look again soon."""

    @property
    def said(self) -> dict[Sameness, str]:
        return SAID

    @property
    def duplicates(self) -> list[Line]:
        return [line for line in self.lines if line.how is Sameness.DUPLICATE]

    @property
    def others(self) -> list[Line]:
        return [line for line in self.lines if line.how is not Sameness.DUPLICATE]


def box(services: Services, download: Download, tags: Tags, values: Mapping[str, str]) -> Box:
    """What `_duplicates.html` shows for a track that is called so. `values` may have a choice in them."""
    track = download.tracks[0]
    with services.db.read() as session:
        found = known.of_track(session, track, tags)
    duplicates = [one.track for one in found if one.sameness is Sameness.DUPLICATE]
    taken = not duplicates and _name_is_taken(services, download, tags)
    allowed = tuple(CONFLICTS) if duplicates else OF_NAMES if taken else ()
    wanted = values.get("conflict", "") or download.conflict
    becomes = _becomes(track, download)
    return Box(
        lines=[
            line_of(one.track, one.sameness, by_sound=one.by is Reason.SOUND) for one in found[:MOST_SHOWN]
        ],
        facts=" · ".join((clock(trim.kept_ms(track)), cards.becomes(download))),
        cover=f"/downloads/{download.id}/cover?size=small" if track.cover_file and track.with_cover else "",
        verdict=_verdict(becomes, track, duplicates),
        name_taken=taken,
        choices={name: CONFLICTS[name] for name in allowed},
        chosen=wanted if wanted in allowed else "keep_both",
        pending=prints.is_pending(services, track),
    )


def _becomes(track: StagedTrack, download: Download) -> Quality | None:
    """What the file will be, as far as that is known before it is converted."""
    if track.conversion is Conversion.DONE:
        return track.converted_quality
    kept = plan(track.source_quality, download.format).kind != "encode"
    return track.source_quality if kept or not track.source_quality.lossless else None


def _verdict(becomes: Quality | None, track: StagedTrack, old: list[Track]) -> str:
    if becomes is None or not old:
        return ""
    new = (becomes, track.source_quality)
    if is_better(new, map(sound_of, old)):
        return say("The new one is better.")
    if any(is_better(sound_of(one), [new]) for one in old):
        return say("The one that you have is better.")
    return say("The new one is as good, and no better.")


def line_of(track: Track, how: Sameness, by_sound: bool = False) -> Line:
    return Line(
        id=track.id,
        how=how,
        name=track.title or PurePosixPath(track.path).stem,
        by=" · ".join(part for part in (track.artist, track.album) if part),
        path=track.path,
        facts=" · ".join(part for part in (clock(track.duration_ms), sound(track)) if part),
        place=f"/library/tracks/{track.id}",
        cover=cover_of(track),
        by_sound=by_sound,
    )


def _name_is_taken(services: Services, download: Download, tags: Tags) -> bool:
    path = template.path_for(services, tags, cards.extension_of(download))
    try:
        return place.name_is_taken(services.settings.library_dir, path)
    except Failure:
        # The library is not there just now: that is told when the track is to be added.
        return False


@post("/downloads/{id:str}/again", sync_to_thread=True, status_code=200)
def fetch_again(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> Response[Any]:
    """The same link once more, although the library has it."""
    download = own(services, request, id)
    forms.submit(
        services,
        request.user.id,
        download.url,
        format=download.format,
        quality=download.quality,
        fetch_again=True,
    )
    return go(request, "/")


@get("/downloads/{id:str}/have", sync_to_thread=True)
def open_duplicate(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """To the track of the library for which this download was skipped."""
    download = own(services, request, id)
    with services.db.read() as session:
        track = queries.by_id(session, download.duplicate_of or "")
    if track is None:
        raise NotFound("The track is not in the library any more.")
    return go(request, f"/library/tracks/{track.id}")


HANDLERS = [fetch_again, open_duplicate]
