"""Listening on the review page: the player, the waveform, and the two marks that cut the track."""

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from app.audio.convert import plan
from app.audio.model import Quality
from app.audio.quality import clock
from app.audio.waveform import Waveform
from app.downloads import candidates, drafts, trim, waveform
from app.downloads.model import Conversion, Download, StagedTrack
from app.downloads.requests import AnyRequest, Form, own, takes_form
from app.errors import Invalid, NotFound
from app.htmx import fragment, go, wants_fragment
from app.languages.say import say
from app.services import Services

BARS = 150
HEIGHT = 64
SVG_SECONDS = 5.0
MOST_TURNS = 90
"""How often a page asks for a waveform, once a second: a mix of hours on a small machine takes a minute."""
PLAYED_BY_ALL = {("mp3", "mp3"), ("aac", "m4a"), ("aac", "mp4"), ("flac", "flac"), ("pcm_s16le", "wav")}
"""Codecs in containers that every browser plays."""


@get("/downloads/{id:str}/waveform", sync_to_thread=True)
def waveform_fragment(
    request: AnyRequest,
    services: NamedDependency[Services],
    id: FromPath[str],
    turn: Annotated[int, QueryParameter(ge=0, le=MOST_TURNS)] = 0,
    as_: Annotated[str, QueryParameter(name="as")] = "",
) -> Response[Any]:
    """The waveform, 202 and the question again while it is drawn; `as=svg` waits, and is a picture."""
    download = own(services, request, id)
    if not download.tracks:
        raise NotFound("There is no audio yet.")
    if as_ == "svg":
        return _picture(waveform.wait_for(services, download, SVG_SECONDS) or Waveform())
    found = waveform.of(services, download)
    context = {"download": download, "turn": turn + 1, "most_turns": MOST_TURNS, **drawn(download, found)}
    return fragment("downloads/_waveform.html", status=200 if found else 202, **context)


@takes_form("/downloads/{id:str}/trim")
def trim_track(
    request: AnyRequest, services: NamedDependency[Services], id: FromPath[str], data: Form
) -> Response[Any]:
    """Keep what is between the marks; both at their ends undoes it.

    Without a script a button sends its own marks as `cut`, and the whole review with them.
    """
    download = own(services, request, id)
    if not download.tracks:
        raise NotFound("There is nothing to cut yet.")
    track, status, wrong = download.tracks[0], 200, {}
    if "title" in data and not candidates.is_stale(track, data):
        drafts.save(services, download, data)
    try:
        times = {**data, **trim.offered(data["cut"], track)} if "cut" in data else data
        trim.save(services, download, track, trim.read(times, track))
    except Invalid as error:
        if not wants_fragment(request):
            raise
        status, wrong = error.status, error.fields
    if not wants_fragment(request):
        return go(request, f"/downloads/{id}/review")
    download = own(services, request, id)
    context = {"download": download, "wrong": wrong, **kept(download)}
    return fragment("downloads/_trim.html", status=status, **context)


def context(services: Services, download: Download, values: Mapping[str, str]) -> dict[str, Any]:
    """What `_listen.html` shows. `values` are a form's, that comes back."""
    track = download.tracks[0]
    shown = trim.fields(trim.of(track), track.source_quality.duration_ms)
    return {
        "length": clock(trim.kept_ms(track)),
        "marks": {name: values.get(name, text) for name, text in shown.items()},
        "turn": 0,
        "most_turns": MOST_TURNS,
        **kept(download),
        **drawn(download, waveform.of(services, download)),
    }


def kept(download: Download) -> dict[str, Any]:
    """What `_trim.html` tells: which part is kept, how it is cut, and what the player plays."""
    track = download.tracks[0]
    cut, whole_ms = trim.of(track), track.source_quality.duration_ms
    listen, offset_ms = _played(track)
    return {
        "cut": cut,
        "whole_ms": whole_ms,
        "end_ms": cut.end_ms if cut.end_ms is not None else whole_ms,
        "kept_of": (clock(trim.kept_ms(track)), clock(whole_ms)),
        "exact": plan(track.source_quality, download.format, cut).kind == "encode",
        "listen": listen,
        "offset_ms": offset_ms,
    }


def _played(track: StagedTrack) -> tuple[str, int]:
    """Whether the source or the converted file is played, and where in the source that one begins.

    The source has all that can be marked. The converted file is for browsers that may not know the source.
    """
    quality: Quality = track.source_quality
    if track.conversion is not Conversion.DONE or (quality.codec, quality.container) in PLAYED_BY_ALL:
        return "source", 0
    cut = trim.of(track)
    return "converted" if cut.is_whole else f"converted&v={cut.start_ms}-{cut.end_ms}", cut.start_ms


def drawn(download: Download, found: Waveform | None) -> dict[str, Any]:
    """What `_waveform.html` shows: the bars as a path, and the silence that could go."""
    offer = None
    whole_ms = download.tracks[0].source_quality.duration_ms
    if found and whole_ms:
        # Outwards to tenths, which is what the fields have.
        start_ms = (found.sound_start_ms or 0) // 100 * 100
        end_ms = min(-(-(found.sound_end_ms or whole_ms) // 100) * 100, whole_ms)
        if (start_ms or end_ms < whole_ms) and end_ms - start_ms >= trim.LEAST_MS:
            offer = {"start_ms": start_ms, "end_ms": end_ms, "words": _silence(start_ms, whole_ms - end_ms)}
    return {"wave": bars(found) if found else None, "bar_count": BARS, "height": HEIGHT, "offer": offer}


def _silence(before_ms: int, after_ms: int) -> str:
    """Trim 1.8 s of silence at the start, 4.2 s at the end."""
    before, after = f"{before_ms / 1000:.1f}", f"{after_ms / 1000:.1f}"
    if before_ms and after_ms:
        return say(f"Trim {before} s of silence at the start, {after} s at the end")
    if before_ms:
        return say(f"Trim {before} s of silence at the start")
    return say(f"Trim {after} s of silence at the end")


def bars(found: Waveform) -> str:
    """An SVG path of upright lines in a box of BARS by HEIGHT; the loudest fill it."""
    peaks = found.peaks or bytes(BARS)
    loudest = max(*peaks, 1)
    lines = []
    for number in range(BARS):
        first = number * len(peaks) // BARS
        peak = max(peaks[first : max(first + 1, (number + 1) * len(peaks) // BARS)])
        half = max(1, round(peak / loudest * (HEIGHT / 2 - 2)))
        lines.append(f"M{number}.5 {HEIGHT // 2 - half}v{2 * half}")
    return "".join(lines)


def _picture(found: Waveform) -> Response[bytes]:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {BARS} {HEIGHT}" preserveAspectRatio="none">'
        f'<path d="{bars(found)}" stroke="#8a8175" stroke-width=".5"/></svg>'
    )
    return Response(svg.encode(), media_type="image/svg+xml")


HANDLERS = [waveform_fragment, trim_track]
