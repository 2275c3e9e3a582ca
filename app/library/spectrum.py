"""The spectrum of a track in the library: looked at when somebody asks, and remembered for this file."""

import logging
import threading
from dataclasses import dataclass

from app.audio.model import Quality
from app.audio.spectrum import Hint, Spectrum, hint, look
from app.children.parent import ChildCrashed
from app.errors import Conflict, Failure
from app.languages.say import say
from app.library import sound_queries
from app.library.model import Track
from app.library.paths import from_text
from app.services import Services

log = logging.getLogger("inlay.spectrum")

turns = threading.Semaphore(1)
"""It takes a core for a second or two: whoever asks at once waits."""
DAMAGED = say("The spectrum of this file cannot be seen: it is damaged, or its sound is of a rare kind.")


@dataclass(frozen=True)
class View:
    """What `library/_spectrum.html` shows: the answer, or the button that asks."""

    id: str
    action: str
    hint: Hint | None = None


def view(services: Services, track: Track) -> View:
    """What is known so far, without looking."""
    with services.db.read() as session:
        found = sound_queries.spectrum_of(session, track)
    return _view(track, hint(found, track.quality) if found and track.quality else None)


def look_at(services: Services, track: Track) -> View:
    """Raises Conflict when there is nothing to be seen."""
    if track.quality is None:
        raise Conflict(DAMAGED, code="unreadable")
    with turns:
        with services.db.read() as session:
            found = sound_queries.spectrum_of(session, track)
        if found is None:
            found = _look(services, track, track.quality)
            with services.db.write() as session:
                sound_queries.keep_spectrum(session, track, found)
    return _view(track, hint(found, track.quality))


def _view(track: Track, known: Hint | None) -> View:
    return View(track.id, f"/library/tracks/{track.id}/spectrum", known)


def _look(services: Services, track: Track, quality: Quality) -> Spectrum:
    try:
        file = services.settings.library_dir / from_text(track.path)
        return look(file, quality, services.warm.child_if_warm)
    except (Failure, ChildCrashed) as trouble:
        log.info("%s: no spectrum: %s", track.path, trouble)
        raise Conflict(DAMAGED, code="unreadable") from trouble
