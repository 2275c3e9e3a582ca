"""The worker's side of lookups: rings are handed to the desk, and what it finds goes into the rows."""

import hashlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.downloads import candidates, cover, queries, staging
from app.downloads.candidates import Applied, Front
from app.downloads.model import Download, StagedTrack, State
from app.errors import InlayError
from app.logs import about
from app.lookups import desk
from app.lookups.candidates import Candidate
from app.lookups.desk import Desk, Found
from app.services import Services

log = logging.getLogger("inlay.lookups")

_KEPT = ((staging.COVER, "before.jpg"), (staging.SMALL_COVER, "before-small.jpg"))
"""The cover's files, and where those from before the candidate stay."""


@dataclass(frozen=True)
class Lookups:
    services: Services
    desk: Desk
    _laid_out: set[str] = field(default_factory=set)
    """Tracks whose workbench was thought of: rings are answered more than once."""

    def look_up(self, track_id: str) -> None:
        """Answer a ring: find out about this staged track. Returns at once."""
        track, download = self._get(track_id)
        if track is None or download is None or download.state is not State.REVIEW:
            return
        question = candidates.question(track)
        if question:
            file = staging.folder_of(self.services.settings, download.id) / track.source_file
            with about(download_id=download.id, user_id=download.user_id):
                self.desk.ask(question, file, partial(self._choose, track_id))

    def fetch_front(self, track_id: str) -> None:
        """Answer a ring: fetch the cover of the candidate that is applied. Returns at once."""
        track, download = self._get(track_id)
        done = candidates.applied_to(track) if track else None
        if download and done and done.candidate and done.front is Front.WANTED:
            with about(download_id=download.id, user_id=download.user_id):
                self._ask_front(track_id, done.candidate, partial(self._put_in, track_id, done), done)

    def fetch_small_fronts(self, track_id: str) -> None:
        """Answer a ring: somebody looks at the candidates, so fetch their covers. Returns at once."""
        track, download = self._get(track_id)
        question = candidates.question(track) if track else None
        if question is None or download is None or download.state is not State.REVIEW:
            return
        with self.services.db.read() as session:
            found = desk.found(session, question)
        if found:
            with about(download_id=download.id, user_id=download.user_id):
                self.desk.ask_small_fronts(found.candidates)

    def _ask_front(
        self,
        track_id: str,
        candidate: Candidate,
        then: Callable[[bytes | None], object],
        wanted: Applied | None,
    ) -> None:
        """The picture of this candidate's release, from beside the track or from the archive."""
        _, download = self._get(track_id)
        here = cover.laid_out(self.services, download, _release(candidate)) if download else None
        waits = partial(self._waits_for, track_id, wanted)
        if here:
            self.desk.in_turn(lambda: then(here) if waits() else None)
        else:
            self.desk.ask_front(candidate, then, waits)

    def _choose(self, track_id: str, found: Found) -> None:
        if candidates.choose(self.services, track_id, found):
            self.fetch_front(track_id)
            return
        track, _ = self._get(track_id)
        best = next((one for one in found.candidates if _release(one)), None)
        on = "coverart" in self.services.settings.lookups
        if on and track and best and track.applied is None and track_id not in self._laid_out:
            # For the workbench: nobody has said yet that this is the right release.
            self._laid_out.add(track_id)
            self._ask_front(track_id, best, partial(self._lay_out, track_id, best), None)

    def _waits_for(self, track_id: str, wanted: Applied | None) -> bool:
        track, _ = self._get(track_id)
        return track is not None and candidates.applied_to(track) == wanted

    def _lay_out(self, track_id: str, candidate: Candidate, picture: bytes | None) -> None:
        track, download = self._get(track_id)
        if not (track and download and picture) or candidates.applied_to(track) or _uses_archive(track):
            return
        try:
            cover.lay_out(self.services, download, picture, _release(candidate))
        except OSError as error:
            log.info("no tile for the archive's picture: %s", error)

    def _put_in(self, track_id: str, wanted: Applied, picture: bytes | None) -> None:
        """The cover came, or there is none. It is not put in when the person did something else meanwhile."""
        track, download = self._get(track_id)
        if track is None or download is None:
            return
        sha256 = ""
        if picture and _still_wanted(track, wanted):
            try:
                keep_aside(self.services, download, track)
                if wanted.candidate:
                    cover.lay_out(self.services, download, picture, _release(wanted.candidate))
                cover.replace(self.services, download, picture, "archive")
                sha256 = _sha256(cover.file_of(self.services, download.id))
            except (InlayError, OSError) as error:
                log.warning("the candidate's cover was not put in: %s", error)
        with self.services.db.write() as session:
            current = queries.staged_track(session, track_id)
            if current and candidates.applied_to(current) == wanted:
                candidates.note_front(current, wanted, sha256)

    def _get(self, track_id: str) -> tuple[StagedTrack | None, Download | None]:
        with self.services.db.read() as session:
            track = queries.staged_track(session, track_id)
            return track, queries.by_id(session, track.download_id) if track else None


def keep_aside(services: Services, download: Download, track: StagedTrack) -> None:
    """Keep the present cover's files, for `bring_back`. Those of an earlier candidate's stay."""
    folder = staging.folder_of(services.settings, download.id)
    for name, kept in _KEPT:
        (folder / kept).unlink(missing_ok=True)
        if track.cover_file and (folder / name).exists():
            staging.copy(folder / name, folder / kept)


def bring_back(services: Services, download: Download, done: Applied) -> None:
    """The cover from before the candidate, unless the person has chosen another one since."""
    folder = staging.folder_of(services.settings, download.id)
    if done.front is not Front.THERE or not _is(folder / staging.COVER, done.front_sha256):
        return
    had_one = (folder / _KEPT[0][1]).exists()
    for name, kept in _KEPT:
        if had_one:
            os.replace(folder / kept, folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
    with services.db.write() as session:
        for track in download.tracks:
            file = staging.COVER if had_one else None
            wanted = (done.cover_edit or {}).get("from") != "none"
            queries.set_track(
                session, track.id, cover_file=file, cover_edit=done.cover_edit, with_cover=wanted
            )
        queries.touch(session, download.id)


def _release(candidate: Candidate) -> str:
    return candidate.release_id or candidate.group_id


def _uses_archive(track: StagedTrack) -> bool:
    edit = track.cover_edit or {}
    return cover.ARCHIVE in (edit.get("from"), edit.get("of"))


def _still_wanted(track: StagedTrack, wanted: Applied) -> bool:
    return candidates.applied_to(track) == wanted and track.cover_edit == wanted.cover_edit


def _is(file: Path, sha256: str) -> bool:
    return file.exists() and _sha256(file) == sha256


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
