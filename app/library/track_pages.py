"""One track of the library: all that is known of it, and whether somebody likes it."""

from pathlib import PurePosixPath
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from app.accounts import queries as users
from app.audio.quality import clock, label
from app.htmx import fragment, go, page, wants_fragment
from app.languages.say import say
from app.library import likes, lyrics, spectrum
from app.library.model import Track
from app.library.paths import from_text
from app.library.requests import AnyRequest, existing
from app.library.rows import artist_link, cover_of, name_of, release_link, sound_of
from app.services import Services
from app.tags.files import FileReport, read_safely

IN_FILE = {
    "comment": say("Comment"),
    "compilation": say("Compilation"),
    "lyrics": say("Lyrics"),
    "lyrics_synced": say("Timed lyrics"),
    "source_id": say("Id at the source"),
    "recording_id": say("Recording at MusicBrainz"),
    "release_id": say("Release at MusicBrainz"),
    "group_id": say("Release group at MusicBrainz"),
    "artist_ids": say("Artists at MusicBrainz"),
}
"""Tags that the index does not have."""


@get("/library/tracks/{id:str}", sync_to_thread=True)
def track_page(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> Template:
    """What the index knows; what only the file knows comes a moment later."""
    return page("library/track.html", **_context(request, services, existing(services, id)))


@get("/library/tracks/{id:str}/tags", sync_to_thread=True)
def track_tags(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> Template:
    """The tags in the file itself, read now, in a child."""
    track = existing(services, id)
    [report] = read_safely([services.settings.library_dir / from_text(track.path)])
    if wants_fragment(request):
        return fragment("library/_tags.html", id=id, **_in_file(report))
    return page("library/track.html", **_context(request, services, track), **_in_file(report))


@post("/library/tracks/{id:str}/like", sync_to_thread=True, status_code=200)
def like_track(request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]) -> Response[Any]:
    """Whoever presses it likes the track from now on."""
    return _set(request, services, existing(services, id), liked=True)


@post("/library/tracks/{id:str}/unlike", sync_to_thread=True, status_code=200)
def unlike_track(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str]
) -> Response[Any]:
    """Not any more."""
    return _set(request, services, existing(services, id), liked=False)


def _set(request: AnyRequest, services: Services, track: Track, *, liked: bool) -> Response[Any]:
    with services.db.write() as session:
        (likes.like if liked else likes.unlike)(session, request.user.id, track.id)
    if wants_fragment(request):
        return fragment("library/_like.html", id=track.id, called=name_of(track), liked=liked)
    return go(request, f"/library/tracks/{track.id}")


def _context(request: AnyRequest, services: Services, track: Track) -> dict[str, Any]:
    with services.db.read() as session:
        liked = bool(likes.liked(session, request.user.id, [track.id]))
        added_by = users.names_of(session, [track.user_id]).get(track.user_id) if track.user_id else None
    return {
        "nav": "library",
        "track": track,
        "id": track.id,
        "called": name_of(track),
        "file_name": PurePosixPath(track.path).name,
        "cover": cover_of(track),
        "sound": sound_of(track),
        "length": clock(track.duration_ms),
        "source_sound": label(track.source_quality) if track.source_quality else "",
        "tags": _tags(track),
        "source_link": track.source_url if track.site else "",
        "added_by": added_by,
        "liked": liked,
        "spectrum": spectrum.view(services, track),
        "words": lyrics.view(services, track),
    }


def _tags(track: Track) -> list[tuple[str, str, str]]:
    """What the file says, as far as it says it: label, value, and where the value leads."""
    album = release_link(track.album_key, track.album_artist_key) if track.album_key else ""
    said = [
        (say("Title"), track.title, ""),
        (say("Artist"), track.artist, artist_link(track.artist_key)),
        (say("Album"), track.album, album),
        (say("Album artist"), track.album_artist, artist_link(track.album_artist_key)),
        (say("Track"), str(track.track_no or ""), ""),
        (say("Disc"), str(track.disc_no or ""), ""),
        (say("Date"), track.date, ""),
        (say("Genre"), track.genre, ""),
    ]
    return [(name, value, link) for name, value, link in said if value]


def _in_file(report: FileReport) -> dict[str, Any]:
    found = [(name, getattr(report.tags, field)) for field, name in IN_FILE.items()]
    more = [(name, say("yes") if value is True else str(value)) for name, value in found if value]
    return {"more_tags": more, "more_error": report.error or ""}


HANDLERS = [track_page, track_tags, like_track, unlike_track]
