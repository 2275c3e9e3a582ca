"""ReplayGain for the library: measured in the background or for all at once, and written into files."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec

from app.audio.loudness import MOST_FILES, Loudness, gain_tags, measure
from app.audio.model import Quality
from app.children.parent import Cancelled, ChildCrashed
from app.db import now
from app.errors import Conflict, Failure, InlayError, NotFound
from app.library import edit, queries, sound_queries
from app.library.model import Track
from app.library.paths import from_text
from app.locks import alone
from app.services import Services
from app.tags.files import WRITABLE, FileReport, read_safely
from app.tags.model import GAINS, Tags

log = logging.getLogger("inlay.loudness")

LOOK_S = 20.0
"""How often it looks whether anything is due."""
STOP_S = 5.0
MOST_TRIES = 5
AGAIN_AFTER = timedelta(minutes=10)
AFTER_UNDO = timedelta(seconds=60)
CHEAP_MS = 15 * 60_000
"""A track up to this length is measured in a second or two: before it is placed."""
LOCK = "loudness.lock"


@dataclass
class Outcome:
    """In files."""

    measured: int = 0
    had: int = 0
    """They had all gains already."""
    silent: int = 0
    unwritable: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Path and reason."""


def before_placing(services: Services, file: Path, quality: Quality) -> dict[str, str]:
    """The gain of a file on its way into the library, when that is wanted and cheap. Never raises Failure."""
    duration_ms = quality.duration_ms
    if services.settings.replaygain == "off" or not duration_ms or duration_ms > CHEAP_MS:
        return {}
    try:
        found = measure([file], duration_ms, start=services.warm.child_if_warm)
    except (Failure, ChildCrashed) as trouble:
        log.warning("%s: loudness was not measured: %s", file, trouble)
        return {}
    return _fitting(gain_tags(found), quality)


def after_placing(services: Services, tags: Tags, gains: dict[str, str]) -> timedelta | None:
    """When to measure what `before_placing` could not, album gains above all. None: nothing is left to do.

    Not before an undo could want to see the very file again.
    """
    mode = services.settings.replaygain
    if mode == "off" or (gains and not (mode == "album" and tags.album)):
        return None
    return timedelta(seconds=services.settings.undo_s) + AFTER_UNDO


def add_gains(
    services: Services,
    found: Sequence[tuple[Track, FileReport]],
    *,
    album: bool,
    again: bool = False,
    check: Callable[[], None] | None = None,
    outcome: Outcome | None = None,
) -> Outcome:
    """Give the files of one release the gains that they lack; with `again` also those that they have.

    What goes wrong with one file stays with that file. Raises what `check` raises.
    """
    outcome = outcome or Outcome()
    usable = [(track, report) for track, report in found if _is_usable(track, report, outcome)]
    whole = album and bool(usable) and bool(usable[0][0].album) and len(usable) <= MOST_FILES
    lacking = [again or not report.tags.track_gain for _, report in usable]
    lacking_album = whole and any(again or not report.tags.album_gain for _, report in usable)
    tracks = [track for track, _ in usable]
    together = _album(services, tracks, check, outcome) if lacking_album else None
    for track, lacks in zip(tracks, lacking, strict=True):
        if check:
            check()
        if not lacks and not lacking_album:
            outcome.had += 1
            continue
        try:
            is_album = together is not None and len(tracks) == 1
            own = together if is_album else _measure(services, [track], check) if lacks else None
            _write(services, track, gain_tags(own, together), outcome)
        except (Failure, ChildCrashed, Conflict, NotFound) as trouble:
            outcome.failed.append((track.path, _sentence(trouble)))
    return outcome


def _is_usable(track: Track, report: FileReport, outcome: Outcome) -> bool:
    if report.error or not track.quality:
        outcome.failed.append((track.path, report.error or "Nothing is known about its sound: scan again."))
    elif track.path.rpartition(".")[2].lower() not in WRITABLE:
        outcome.unwritable += 1
    else:
        return True
    return False


def _album(
    services: Services, tracks: Sequence[Track], check: Callable[[], None] | None, outcome: Outcome
) -> Loudness | None:
    try:
        return _measure(services, tracks, check)
    except (Failure, ChildCrashed) as trouble:
        outcome.failed.append((tracks[0].album, f"The album: {_sentence(trouble)}"))
        return None


def _measure(services: Services, tracks: Sequence[Track], check: Callable[[], None] | None) -> Loudness:
    files = [services.settings.library_dir / from_text(track.path) for track in tracks]
    duration_ms = sum((track.quality.duration_ms if track.quality else None) or 0 for track in tracks)
    return measure(files, duration_ms, check=check)


def _write(services: Services, track: Track, gains: dict[str, str], outcome: Outcome) -> None:
    assert track.quality
    gains = _fitting(gains, track.quality)
    if not gains:
        outcome.silent += 1
        return
    change = edit.retag(services, track, lambda tags: msgspec.structs.replace(tags, **gains), None)
    if change:
        with services.db.write() as session:
            sound_queries.pass_on(session, change)
    outcome.measured += 1


def _fitting(gains: dict[str, str], quality: Quality) -> dict[str, str]:
    """Opus has no place for peaks."""
    in_ogg = quality.codec == "opus" and quality.container in ("opus", "ogg")
    return {name: text for name, text in gains.items() if name in GAINS and not (in_ogg and "peak" in name)}


def _sentence(trouble: Exception) -> str:
    return trouble.message if isinstance(trouble, InlayError) else "Measuring it stopped unexpectedly."


@dataclass
class LoudnessKeeper:
    """Measures added tracks in a thread of its own, one at a time, and only while nothing is converted."""

    services: Services
    is_idle: Callable[[], bool]
    look_s: float = LOOK_S
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Nothing at all when it is switched off."""
        if self.services.settings.replaygain != "off":
            self._thread = threading.Thread(target=self._run, name="loudness", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while not self._stop.wait(self.look_s):
            try:
                while not self._stop.is_set() and self.work():
                    pass
            except Cancelled:
                return
            except Exception:
                log.exception("measuring loudness failed; it goes on later")

    def work(self) -> bool:
        """Measure the release that is due for longest. False: nothing is due, or others are at work."""
        with self.services.db.read() as session:
            due = sound_queries.next_unmeasured(session)
        if due is None or not self.is_idle():
            return False
        with alone(self.services.settings.data_dir, LOCK, wait=False) as mine:
            if mine:
                self._work(due.track_id, due.tries)
            return mine

    def _work(self, track_id: str, tries: int) -> None:
        album = self.services.settings.replaygain == "album"
        with self.services.db.read() as session:
            track = queries.by_id(session, track_id)
            tracks = [] if track is None else sound_queries.release_of(session, track) if album else [track]
            last = sound_queries.last_due(session, [one.id for one in tracks])
        if last and last > now():
            # More of this release has just been added.
            self._put_off(track_id, last - now(), tries)
            return
        library = self.services.settings.library_dir
        reports = list(read_safely(library / from_text(one.path) for one in tracks))
        found = list(zip(tracks, reports, strict=True))
        outcome = add_gains(self.services, found, album=album, check=self._check)
        if outcome.failed:
            log.warning("loudness of %s: %s", outcome.failed[0][0], outcome.failed[0][1])
        if outcome.failed and tries + 1 < MOST_TRIES:
            self._put_off(track_id, AGAIN_AFTER * 2**tries, tries + 1)
            return
        with self.services.db.write() as session:
            sound_queries.measured(session, [track_id, *(one.id for one in tracks)])

    def _put_off(self, track_id: str, wait: timedelta, tries: int) -> None:
        with self.services.db.write() as session:
            sound_queries.put_off(session, track_id, now() + wait, tries)

    def _check(self) -> None:
        if self._stop.is_set():
            raise Cancelled
