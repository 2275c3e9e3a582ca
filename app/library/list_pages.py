"""The library's lists: recent, artists, releases, tracks; one artist; one release."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template
from sqlalchemy.orm import Session

from app.accounts import queries as users
from app.errors import NotFound
from app.htmx import fragment, go, page, unchanged, version, wants_fragment
from app.languages.say import say
from app.library import find, groups
from app.library.change_views import toast_of
from app.library.looking import NO_SITE, VIEWS, Looking, read_looking
from app.library.model import Track
from app.library.requests import AnyRequest
from app.library.rows import (
    Row,
    artist_link,
    artist_row,
    counted,
    cover_of,
    release_row,
    rows_of,
)
from app.library.search import Search, understand
from app.services import Services

PAGE_ROWS = 50


@get("/library", sync_to_thread=True)
def library_page(
    request: AnyRequest, services: NamedDependency[Services], changed: FromQuery[str] = ""
) -> Template:
    """What is in the library, as far as it is asked for; `changed` is what the toast is about."""
    looking = read_looking(request.query_params, request.user.id)
    with services.db.read() as session:
        search = understand(session, looking.q)
        context = _items(session, looking, search, request.user.id)
        if wants_fragment(request) and looking.before:
            return fragment("library/_page.html", **context)
        reading = services.scanning.reading
        context |= {"looking": looking, "views": VIEWS, "said": _said(session, looking, search)}
        context |= {"reading": reading, "seen": version(reading)}
        if wants_fragment(request):
            return fragment("library/_tracks.html", **context)
        context |= _choices(session)
    toast = toast_of(services, request.user.id, changed) if changed else None
    return page("library/library.html", nav="library", toast=toast, **context)


@get("/library/scanning", sync_to_thread=True)
def scanning_fragment(
    request: AnyRequest, services: NamedDependency[Services], seen: FromQuery[str] = ""
) -> Response[Any]:
    """What the library page polls while the folder is being read: 204 while nothing changed."""
    if not wants_fragment(request):
        return go(request, "/library")
    reading = services.scanning.reading
    if version(reading) == seen:
        return unchanged()
    return fragment("library/_scanning.html", reading=reading, seen=version(reading))


@get("/library/artist", sync_to_thread=True)
def artist_page(
    request: AnyRequest, services: NamedDependency[Services], key: FromQuery[str], before: FromQuery[str] = ""
) -> Response[Any]:
    """An artist's releases and tracks."""
    with services.db.read() as session:
        found = find.of_artist(session, key, PAGE_ROWS, before)
        rows = rows_of(session, found.items, request.user.id)
        more = f"{artist_link(key)}&before={found.next}" if found.next else ""
        if wants_fragment(request) and before:
            return fragment("library/_page.html", rows=rows, more=more)
        name = groups.artist_name(session, key)
        if name is None:
            raise NotFound("There is nothing by this artist in the library.")
        releases = [release_row(one, with_artist=False) for one in groups.releases_of(session, key)]
    return page("library/artist.html", nav="library", called=name, releases=releases, rows=rows, more=more)


@get("/library/release", sync_to_thread=True)
def release_page(
    request: AnyRequest, services: NamedDependency[Services], key: FromQuery[str], by: FromQuery[str] = ""
) -> Response[Any]:
    """A release from its first track to its last."""
    with services.db.read() as session:
        tracks = find.of_release(session, key, by)
        if not tracks or not key:
            raise NotFound("There is no such release in the library.")
        rows = rows_of(session, tracks, request.user.id, numbered=True)
    shown = next((track for track in tracks if track.has_cover), tracks[0])
    facts = (str(max((track.year or 0 for track in tracks), default=0) or ""), counted(len(tracks)))
    return page(
        "library/release.html",
        nav="library",
        called=shown.album,
        artist=shown.album_artist or shown.artist,
        artist_link=artist_link(by) if by else "",
        cover=cover_of(shown),
        facts=" · ".join(part for part in facts if part),
        discs=_discs(tracks, rows),
    )


def _items(session: Session, looking: Looking, search: Search | None, user_id: int) -> dict[str, Any]:
    """The rows of one page, and the address of the next."""
    before, filters = looking.before or None, looking.filters
    if looking.view == "artists":
        artists = groups.artists(session, search, PAGE_ROWS, before, filters)
        return {
            "groups": [artist_row(one) for one in artists.items],
            "more": looking.path(before=artists.next) if artists.next else "",
        }
    if looking.view == "releases":
        releases = groups.releases(session, search, PAGE_ROWS, before, filters)
        return {
            "groups": [release_row(one) for one in releases.items],
            "more": looking.path(before=releases.next) if releases.next else "",
        }
    if looking.view == "tracks" and not search:
        found = find.by_name(session, PAGE_ROWS, before, *filters.conditions())
    else:
        found = find.newest(session, search, PAGE_ROWS, before, filters)
    return {
        "rows": rows_of(session, found.items, user_id),
        "more": looking.path(before=found.next) if found.next else "",
    }


def _said(session: Session, looking: Looking, search: Search | None) -> str:
    """How much there is, in words. Of artists and releases, each row says its own."""
    if looking.view in ("artists", "releases"):
        return ""
    number = find.count(session, search, looking.filters)
    many = (
        say(f"more than {find.COUNT_TO:,} tracks")
        if number > find.COUNT_TO and looking.asked
        else counted(number)
    )
    if not number:
        return ""
    return say(f"{many} found") if search or looking.asked else many


def _choices(session: Session) -> dict[str, Any]:
    """What can be chosen in the filters."""
    sites = [(site or NO_SITE, site or say("no site")) for site in find.choices(session, Track.site)]
    adders = users.names_of(session, find.choices(session, Track.user_id))
    return {"sites": sites if len(sites) > 1 else [], "adders": adders}


def _discs(tracks: Any, rows: list[Row]) -> list[tuple[str, list[Row]]]:
    """Rows by disc; a release of one disc has no heading."""
    found: dict[int, list[Row]] = {}
    for track, row in zip(tracks, rows, strict=True):
        found.setdefault(track.disc_no or 1, []).append(row)
    return [(say(f"Disc {disc}") if len(found) > 1 else "", several) for disc, several in found.items()]


HANDLERS = [library_page, scanning_fragment, artist_page, release_page]
