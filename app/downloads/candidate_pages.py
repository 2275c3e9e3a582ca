"""The candidates on the review page: a fragment that comes a moment later, *Use* and *Take back*."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from app.downloads import candidates, drafts, forms, lookups
from app.downloads.candidates import Applied, Front
from app.downloads.model import Download, StagedTrack, State
from app.downloads.requests import AnyRequest, Form, own, takes_form
from app.errors import NotFound
from app.htmx import fragment, go, unchanged, version, wants_fragment
from app.languages.say import say
from app.lookups import desk, fronts
from app.lookups.candidates import Candidate, Change, changes
from app.lookups.desk import Found
from app.lookups.lrclib import Lyrics
from app.services import Services
from app.tags.model import EDITABLE

POLLS_FOR_S = 30
MOST_OPEN = 1
"""Candidates that are shown at once; the others fold, so that all of the page fits two screens of a phone."""
NOBODY = say("No match found.")
DOWN = say("MusicBrainz could not be reached.")


class Line(msgspec.Struct, frozen=True):
    """One candidate as it is shown."""

    id: str
    name: str
    """Title and artist."""
    release: str
    """Album and year."""
    reason: str
    length: str
    changes: tuple[tuple[str, str, str], ...]
    """Label, before and after of each field that it changes."""
    cover: str | None = None
    """The path of its small cover; empty: none that is known, its place is kept. None: no place either."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the fragment shows of a track's candidates."""

    used: Line | None = None
    by_itself: bool = False
    others: tuple[Line, ...] = ()
    more: tuple[Line, ...] = ()
    note: str = ""
    """Why there is none."""
    lyrics: Lyrics | None = None
    """Words that the form does not have."""
    known_id: str = ""
    """Of the candidate in the proposal that the form was made of."""
    waits: bool = False
    """Something is not known yet."""
    looking: bool = False
    """Nothing is known yet."""
    fill: dict[str, tuple[str, str]] = {}
    """Before and after of fields of an open page: its script puts them in."""
    by_tap: bool = False
    """The person said so: also where something else was typed meanwhile."""
    front: bool = False
    """The page may show another cover than there is."""
    until: int = 0

    @property
    def version(self) -> str:
        return version(msgspec.structs.replace(self, until=0))


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What has been found out by now."""

    found: Found | None = None
    words: Lyrics | None = None
    words_open: bool = False
    fronts: dict[str, bool] | None = None
    """Whether there is a small cover, by its release, as far as that is known; None: nobody is asked."""

    @property
    def fronts_open(self) -> bool:
        """Whether some are not known yet."""
        asked = self.found.candidates if self.found and self.fronts is not None else ()
        return any(key and key not in (self.fronts or ()) for key in map(fronts.key_of, asked))


def look(services: Services, track: StagedTrack) -> Known | None:
    """All reads that a page needs, at once; None: nothing is asked about this track."""
    question = candidates.question(track)
    if not candidates.are_on(services.settings) or question is None:
        return None
    with services.db.read() as session:
        found = desk.found(session, question)
        small = None
        if "coverart" in services.settings.lookups:
            small = fronts.known(session, found.candidates if found else ())
        if "lrclib" not in services.settings.lookups:
            return Known(found=found, fronts=small)
        words = desk.lyrics(session, question)
        words_open = words is None and desk.words_are_open(session, question)
        return Known(found=found, words=words, words_open=words_open, fronts=small)


def ring_if_unknown(services: Services, track: StagedTrack, known: Known | None) -> None:
    """Nobody has looked yet, or it is time to look again; a ring may have been lost."""
    if known is None:
        return
    if known.found is None or candidates.choice_is_due(track, known.found):
        services.ring("lookup", track.id)
    ring_for_fronts(services, track, known)
    done = candidates.applied_to(track)
    if done and done.front is Front.WANTED:
        services.ring("front", track.id)


def ring_for_fronts(services: Services, track: StagedTrack, known: Known | None) -> None:
    """Somebody looks at the candidates: now their covers are worth fetching."""
    if known and known.fronts_open:
        services.ring("small_fronts", track.id)


def shown(
    services: Services,
    download: Download,
    values: Mapping[str, str],
    known: Known | None,
    *,
    until: int | None = None,
    seen_id: str = "",
) -> Shown | None:
    """The candidates beside these values of the form. Never waits for anybody; None: nothing is asked.

    With `until` it is for a page that is open already, and says what has changed for it since; `seen_id` is
    the candidate that its form was made with.
    """
    if known is None:
        return None
    track = download.tracks[0]
    found, words = known.found, known.words
    done = candidates.applied_to(track)
    fill = _fill(done, track, values) if until is not None else {}
    if fill:
        values = {**values, **{name: after for name, (_, after) in fill.items()}}
    applied_id = done.candidate.recording_id if done and done.candidate else ""
    held = done if done and candidates.holds(done, values) else None
    used = held.candidate if held else None
    line = partial(_line, download.id, known)
    others = tuple(
        line(one, changes(one, values))
        for one in (found.candidates if found else ())
        if used is None or one.recording_id != used.recording_id
    )
    ends = min(until or 2**40, int(time.time()) + POLLS_FOR_S)
    open_ones = (
        found is None or candidates.choice_is_due(track, found),
        known.words_open,
        known.fronts_open,
        held is not None and held.front is Front.WANTED,
        bool(fill),
    )
    waits = any(open_ones) and time.time() < ends
    return Shown(
        used=line(used, held.changes) if used and held else None,
        by_itself=bool(held and held.by_itself),
        others=others[:MOST_OPEN],
        more=others[MOST_OPEN:],
        note=_note(services, found) if used is None else "",
        lyrics=words if words and not values.get("lyrics", drafts.values_of(track).get("lyrics")) else None,
        known_id=applied_id if until is None or held or seen_id == applied_id else "",
        waits=waits,
        looking=found is None and waits,
        fill=fill,
        front=until is not None and held is not None and held.front is Front.THERE,
        until=ends,
    )


def _fill(done: Applied | None, track: StagedTrack, values: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What an open page does not show yet of the choice that was made by itself. Nothing where typed."""
    if done is None or not done.by_itself or track.draft is not None:
        return {}
    own = candidates.own_proposal(track)
    if any(text != own.value(name) for name, text in values.items() if name in EDITABLE):
        return {}
    return {one.field: (one.before, one.after) for one in done.changes if one.field in values}


def _line(download_id: str, known: Known, one: Candidate, changed: tuple[Change, ...]) -> Line:
    said = one.tags
    year = said.date[:4]
    return Line(
        id=one.recording_id,
        name=f"{said.title} · {said.artist}",
        release=f"{said.album}, {year}" if said.album and year else said.album or year,
        reason=one.reason,
        length=_length(one.distance_ms),
        changes=tuple((forms.LABELS[one.field], one.before, one.after) for one in changed),
        cover=_cover(download_id, known, fronts.key_of(one)),
    )


def _cover(download_id: str, known: Known, key: str) -> str | None:
    if known.fronts is None:
        return None
    return f"/downloads/{download_id}/candidates/cover?of={key}" if known.fronts.get(key) else ""


def _length(distance_ms: int | None) -> str:
    if distance_ms is None:
        return say("length not known")
    seconds = round(abs(distance_ms) / 1000)
    if seconds == 0:
        return say("same length")
    return say(f"{seconds} s longer") if distance_ms > 0 else say(f"{seconds} s shorter")


def _note(services: Services, found: Found | None) -> str:
    if found is None or found.candidates or "musicbrainz" not in services.settings.lookups:
        return ""
    return DOWN if "musicbrainz" in found.down else NOBODY


@get("/downloads/{id:str}/candidates", sync_to_thread=True)
def candidates_fragment(
    request: AnyRequest,
    services: NamedDependency[Services],
    id: FromPath[str],
    until: FromQuery[int] = 0,
    seen: FromQuery[str] = "",
) -> Response[Any]:
    """What the page polls while something is not known yet: 204 while nothing changed."""
    download = own(services, request, id)
    if not download.tracks:
        raise NotFound("There is nothing to review yet.")
    typed = {name: value for name, value in request.query_params.items() if name in EDITABLE}
    values = typed or drafts.values_of(download.tracks[0])
    known = look(services, download.tracks[0])
    seen_id = request.query_params.get("candidate", "")
    found = shown(services, download, values, known, until=until, seen_id=seen_id)
    if found is None or download.state is not State.REVIEW:
        # Nothing to poll for any more.
        found = Shown()
    elif found.version == seen:
        return unchanged()
    else:
        ring_for_fronts(services, download.tracks[0], known)
    return _fragment(download, found)


@get("/downloads/{id:str}/candidates/cover", sync_to_thread=True)
def candidate_cover(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], of: FromQuery[str] = ""
) -> Response[bytes]:
    """The small cover of a candidate's release, a JPEG of our own making; only what is here already."""
    download = own(services, request, id)
    known = look(services, download.tracks[0]) if download.tracks else None
    with services.db.read() as session:
        found = fronts.picture(session, of) if known and known.fronts and known.fronts.get(of) else None
    if found is None:
        raise NotFound("There is no such picture.")
    # It stays as it is for as long as its candidate is known.
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return Response(found, media_type="image/jpeg", headers=headers)


def _fragment(download: Download, found: Shown) -> Response[Any]:
    track = download.tracks[0]
    cover_version = version(track.cover_file, download.updated_at) if track.cover_file else ""
    return fragment(
        "downloads/_candidates.html", lookups=found, download=download, cover_version=cover_version
    )


@takes_form("/downloads/{id:str}/candidate")
def use_candidate(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    """Apply a candidate to what the form says."""
    track = _track(services, request, id)
    if track is None:
        return go(request, "/")
    done, old = candidates.use(services, track.id, data.get("use", ""), _typed(data))
    if old:
        lookups.bring_back(services, own(services, request, id), old)
    if done.front is Front.WANTED:
        services.ring("front", track.id)
    return _again(services, request, id, data)


@takes_form("/downloads/{id:str}/candidate/back")
def take_candidate_back(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    """Undo exactly what the candidate changed."""
    track = _track(services, request, id)
    if track is None:
        return go(request, "/")
    done = candidates.take_back(services, track.id, _typed(data))
    if done:
        lookups.bring_back(services, own(services, request, id), done)
    return _again(services, request, id, data)


@takes_form("/downloads/{id:str}/candidate/lyrics")
def use_found_lyrics(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    """Put the lyrics that LRCLIB knows into the form."""
    track = _track(services, request, id)
    if track is None:
        return go(request, "/")
    candidates.use_lyrics(services, track.id, _typed(data))
    return _again(services, request, id, data)


def _track(services: Services, request: AnyRequest, id: str) -> StagedTrack | None:
    download = own(services, request, id)
    return download.tracks[0] if download.state is State.REVIEW else None


def _typed(form: Mapping[str, str]) -> dict[str, str]:
    """Browsers send other line ends than their fields have."""
    return {name: text.replace("\r\n", "\n") for name, text in form.items() if name in forms.FIELDS}


def _again(services: Services, request: AnyRequest, id: str, form: Mapping[str, str]) -> Response[Any]:
    """The page again. An open one gets the fragment, with what its fields say now: nothing else moves."""
    if not wants_fragment(request):
        return Redirect(f"/downloads/{id}/review", status_code=303)
    download = own(services, request, id)
    values, sent = drafts.values_of(download.tracks[0]), _typed(form)
    found = shown(services, download, values, look(services, download.tracks[0])) or Shown()
    fill = {name: (text, values[name]) for name, text in sent.items() if text != values[name]}
    return _fragment(download, msgspec.structs.replace(found, fill=fill, by_tap=True, front=True))


HANDLERS = [candidates_fragment, candidate_cover, use_candidate, take_candidate_back, use_found_lyrics]
