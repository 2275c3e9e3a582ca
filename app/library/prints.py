"""What the library's tracks sound like: written down when they are added, or made in the background."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.audio import fingerprint
from app.audio.alike import Sounds, compare, words
from app.children import parent
from app.children.parent import ChildCrashed
from app.errors import Failure
from app.library import print_queries
from app.library.model import Track
from app.library.paths import from_text
from app.locks import alone
from app.services import Services

log = logging.getLogger("inlay.prints")

ADDED, ALL = "added", "all"
LEAST_MS = 18_000
"""What is shorter tells too little: see `app.audio.alike`."""
LOOK_S = 60.0
LOOK_AT_ALL_S = 3600.0
"""How often it is looked for files that have changed; new ones are seen at once."""
STOP_S = 5.0
LISTENING, WRITING = "prints.lock", "prints-writing.lock"
"""The first one is of background and command, for as long as they work."""


def are_made(services: Services) -> bool:
    """Of tracks that are added."""
    return services.settings.fingerprints in (ADDED, ALL) and fingerprint.is_possible()


def make(
    file: Path,
    duration_ms: int | None,
    *,
    start_ms: int = 0,
    end_ms: int | None = None,
    start: parent.Start = parent.fresh,
) -> bytes:
    """The print of this file, or of a part of it `duration_ms` long; empty where there is none."""
    if duration_ms is None or duration_ms < LEAST_MS:
        return b""
    try:
        return fingerprint.print_of(file, start_ms, end_ms, start)
    except (Failure, ChildCrashed) as trouble:
        log.info("%s: no print: %s", file, trouble)
        return b""


def keep(services: Services, track: Track, found: bytes) -> None:
    """Write down the print of a track of the library, and what else sounds so."""
    said = words(found)
    sounds: dict[str, bytes] = {}
    # Two that sound the same are not written down at once, each without the other.
    with alone(services.settings.data_dir, WRITING, wait=True):
        if said:
            with services.db.read() as session:
                near = print_queries.near(session, {"": (said, track.duration_ms)})[""]
                sounds = print_queries.of_tracks(session, [one.id for one in near])
        same = {id for id, sound in sounds.items() if id != track.id and compare(found, sound) is Sounds.SAME}
        with services.db.write() as session:
            print_queries.keep(session, track, found, said, same)


def add_print(services: Services, track: Track) -> bool:
    """Make the print of a track of the library anew. False: there is none."""
    file = services.settings.library_dir / from_text(track.path)
    found = make(file, track.duration_ms)
    keep(services, track, found)
    return bool(found)


@dataclass
class PrintKeeper:
    """Makes the prints that are lacking in a thread of its own, one at a time, while nothing is converted.

    Of tracks that were added when nobody waited for their print, and of all others where that is asked for.
    """

    services: Services
    is_idle: Callable[[], bool]
    look_s: float = LOOK_S
    _stop: threading.Event = field(default_factory=threading.Event)
    _woken: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _seen: tuple[object, ...] | None = None
    _looked_at: float = 0.0
    _after: str = ""
    """From here on it is looked first: it takes a second to look through a hundred thousand."""

    def start(self) -> None:
        """Nothing at all where it is off, or cannot be done."""
        if are_made(self.services):
            self._thread = threading.Thread(target=self._run, name="prints", daemon=True)
            self._thread.start()

    def wake(self, _: str = "") -> None:
        """Answer a ring: a track was added without its print."""
        self._woken.set()

    def stop(self) -> None:
        self._stop.set()
        self._woken.set()
        if self._thread:
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._woken.wait(self.look_s)
            self._woken.clear()
            try:
                if self.is_worth_a_look():
                    while not self._stop.is_set() and self.work():
                        pass
            except Exception:
                log.exception("making prints failed; it goes on later")

    def is_worth_a_look(self) -> bool:
        """Whether files came since it was last through, or that was long ago."""
        with self.services.db.read() as session:
            state = print_queries.state(session)
        return state != self._seen or time.monotonic() - self._looked_at > LOOK_AT_ALL_S

    def work(self) -> bool:
        """Make one print. False: none is wanted, or others are at work."""
        with self.services.db.read() as session:
            state = print_queries.state(session)
            added = self.services.settings.fingerprints == ADDED
            lacking = print_queries.lacking(session, self._after, added=added)
            lacking = lacking or print_queries.lacking(session, added=added)
        if not lacking:
            self._seen, self._looked_at = state, time.monotonic()
            return False
        if not self.is_idle():
            return False
        with alone(self.services.settings.data_dir, LISTENING, wait=False) as mine:
            if mine:
                add_print(self.services, lacking[0])
                self._after = lacking[0].id
            return mine
