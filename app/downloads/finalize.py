"""Crux 2: a confirmed download becomes files in the library. Every step may be repeated after a crash."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from app import meters
from app.audio.model import Quality
from app.children.parent import Cancelled, ChildCrashed
from app.db import now
from app.downloads import outcome, prints, queries, staging, undo
from app.downloads.conflict import KEEP_BOTH, AlreadyThere, match_to_replace, with_album_of
from app.downloads.convert import Converter
from app.downloads.model import Conversion, Download, StagedTrack, State
from app.downloads.schedule_queries import is_ahead
from app.errors import Conflict, Failure, FailureKind, NotFound, surprise
from app.languages.say import say
from app.library import index, loudness, place, sound_queries, template, trash
from app.library.change_model import Change, Snapshot
from app.library.duplicates import Match
from app.library.folder import check_mounted
from app.library.paths import from_text
from app.logs import about
from app.services import Services
from app.tags import files, naming
from app.tags.model import Tags
from app.tags.values import settled

log = logging.getLogger("inlay.finalize")

MAX_NAMES = 500
ALL = 1_000
"""More conversions than there will ever be at once: no limit."""


class StillConverting(Exception):
    """The file is not ready; whoever makes it rings again."""


@dataclass(frozen=True)
class Finalizer:
    services: Services
    converter: Converter
    wake: Callable[[], None] = lambda: None
    """Called when it is to be tried again later."""

    def finalize(self, id: str) -> None:
        """Put every track of a confirmed download into the library. Safe to call at any time and twice."""
        undone = False
        with about(download_id=id), self.services.running.busy(id) as mine:
            download = self._get(id) if mine else None
            if download is None or download.state is not State.FINALIZING:
                return
            if download.retry_at and is_ahead(download.retry_at):
                return
            waits_for = None
            with about(user_id=download.user_id):
                try:
                    with meters.timed("inlay_finalize_duration_seconds"):
                        self._finalize(download)
                    self._end(id, State.DONE)
                except StillConverting as wait:
                    waits_for = str(wait)
                except AlreadyThere as there:
                    self._end(id, State.SKIPPED, there.have)
                except Cancelled:
                    undone = self._stopped(id)
                except Failure as failure:
                    self._fail(id, failure)
                except ChildCrashed as crash:
                    log.warning("writing tags crashed", extra={"trace": crash})
                    sentence = say("Writing the tags stopped unexpectedly. Retry.")
                    self._fail(id, Failure(FailureKind.TEMPORARY, sentence))
                except Exception:
                    # Else the row would say for ever that it is being added.
                    log.exception("adding it failed")
                    self._fail(id, surprise())
        if waits_for:
            self._ring_if_converted(id, waits_for)
        if undone:
            self.services.ring("finalize", id)

    def _finalize(self, download: Download) -> None:
        settings = self.services.settings
        check_mounted(settings.library_dir, settings.data_dir)
        for track in download.tracks:
            if track.library_track_id is None:
                file, quality = self._converted(download, track)
                self._add(download, track, file, quality)

    def _converted(self, download: Download, track: StagedTrack) -> tuple[Path, Quality]:
        """The staged file in the wanted format, converted now if need be.

        Raises StillConverting when that is under way, or when so many others are that it has to wait.
        """
        self._still_wanted(download.id)
        # Somebody waits for this one: it may start beside those that run behind reviews. One that failed
        # before fails again soon, and says why.
        most = ALL if track.conversion is Conversion.FAILED else self.converter.most() + 1
        self.converter.ensure(track.id, most=most)
        with self.services.db.read() as session:
            current = queries.staged_track(session, track.id)
        if current is None:
            raise Cancelled
        if not (
            current.conversion is Conversion.DONE and current.converted_file and current.converted_quality
        ):
            raise StillConverting(track.id)
        folder = staging.folder_of(self.services.settings, download.id)
        return folder / current.converted_file, current.converted_quality

    def _ring_if_converted(self, id: str, track_id: str) -> None:
        """Its ring may have come while this one was still looking, and was not answered then."""
        with self.services.db.read() as session:
            track = queries.staged_track(session, track_id)
        if track and track.conversion in (Conversion.DONE, Conversion.FAILED):
            self.services.ring("finalize", id)

    def _add(self, download: Download, track: StagedTrack, file: Path, quality: Quality) -> None:
        if track.path and not track.sha256:
            undo.clear(self.services, track)
        tags = settled(track.tags or track.proposal.tags())
        if self._replaced_before_crash(track):
            return
        placed = self._placed_before_crash(track)
        gains: dict[str, str] = {}
        sound = self._sound(download, track)
        if placed is None:
            with self.services.db.read() as session:
                have = match_to_replace(session, download, track, tags, quality)
            gains = loudness.before_placing(self.services, file, quality)
            loud = replace(tags, **gains)
            if have:
                old = have.track
                loud = with_album_of(old, loud)
                self._replace(download, track, have, loud, file, quality)
                prints.take_along(self.services, old.id, sound)
                if later := loudness.after_placing(self.services, loud, gains):
                    with self.services.db.write() as session:
                        sound_queries.measure_later(session, old.id, now() + later)
                return
            placed = self._tag_and_place(download, track, loud, file)
        later = loudness.after_placing(self.services, tags, gains)
        staging.note_made(self.services.settings, download.id, placed.made)
        self._cover_beside(download, track, tags, placed)
        with self.services.db.write() as session:
            found = index.index_own(
                session,
                placed,
                tags=tags,
                quality=quality,
                source_quality=track.source_quality,
                has_cover=self._cover(download, track) is not None,
                download_id=download.id,
                user_id=download.user_id,
            )
            if later:
                sound_queries.measure_later(session, found.id, now() + later)
            queries.set_track(session, track.id, path=str(placed.relative), library_track_id=found.id)
        prints.take_along(self.services, found.id, sound)
        log.info("added %s", placed.relative)

    def _sound(self, download: Download, track: StagedTrack) -> bytes | None:
        """What it sounds like; None: nobody has listened yet, and nobody has to wait for that.

        What to do with one that is there may depend on it. Else it is found out in the background.
        """
        if download.conflict == KEEP_BOTH:
            return prints.known(self.services, track)
        return prints.ensure(self.services, track)

    def _still_wanted(self, id: str) -> None:
        with self.services.db.read() as session:
            state = queries.state_of(session, id)
        if state is not State.FINALIZING or self.services.running.stopping:
            raise Cancelled

    def _placed_before_crash(self, track: StagedTrack) -> place.Placed | None:
        """The file that an interrupted try has placed already, if it is exactly that one."""
        if track.replaces or not (track.path and track.sha256):
            return None
        library = self.services.settings.library_dir
        return place.find_placed(library, PurePosixPath(track.path), track.sha256, track.id)

    def _replaced_before_crash(self, track: StagedTrack) -> bool:
        """Whether an interrupted try has put it in another one's place already."""
        if not (track.replaces and track.sha256):
            return False
        change = trash.replaced_before(self.services, track.id, track.sha256)
        if change:
            self._note_replaced(track, change)
        return change is not None

    def _replace(
        self, download: Download, track: StagedTrack, have: Match, tags: Tags, file: Path, quality: Quality
    ) -> None:
        """The old file goes to the trash, and this one is that track from then on."""
        old = have.track
        tagged = self._tagged(download, track, tags, file)
        held = Snapshot(
            tags=tags,
            has_cover=self._cover(download, track) is not None,
            quality=quality,
            source_quality=track.source_quality,
            download_id=download.id,
            user_id=download.user_id,
        )
        self._set_destination(download, track, from_text(old.path), place.sha256_of(tagged), replaces=old.id)
        try:
            change = trash.replace(self.services, old, tagged, held, user_id=download.user_id, owner=track.id)
        except (Conflict, NotFound) as trouble:
            if trouble.code == "same_file":
                raise AlreadyThere(have) from trouble
            # Somebody is at the old file. What is to be done with it is decided anew by the next try.
            raise Failure(FailureKind.TEMPORARY, trouble.message) from trouble
        self._note_replaced(track, change)
        log.info("in place of %s", change.path_after)

    def _note_replaced(self, track: StagedTrack, change: Change) -> None:
        path = str(from_text(change.path_after or ""))
        with self.services.db.write() as session:
            queries.set_track(session, track.id, path=path, library_track_id=change.track_id)

    def _tagged(self, download: Download, track: StagedTrack, tags: Tags, file: Path) -> Path:
        """A copy of the converted file with these tags."""
        tagged = file.with_name(f"tagged{file.suffix}")
        staging.copy(file, tagged)
        files.write_safely(
            tagged,
            tags,
            self._cover(download, track),
            check=lambda: self._still_wanted(download.id),
            start=self.services.warm.child_if_warm,
        )
        return tagged

    def _tag_and_place(self, download: Download, track: StagedTrack, tags: Tags, file: Path) -> place.Placed:
        library = self.services.settings.library_dir
        tagged = self._tagged(download, track, tags, file)
        sha256 = place.sha256_of(tagged)
        first = template.path_for(self.services, tags, file.suffix.lstrip("."))
        for number in range(1, MAX_NAMES):
            wanted = first if number == 1 else naming.with_number(first, number)
            if not place.name_is_taken(library, wanted, sha256):
                self._set_destination(download, track, wanted, sha256)
                try:
                    return place.place(tagged, library, wanted, track.id)
                except place.NameTaken:
                    log.info("%s was taken meanwhile", wanted)
            if download.conflict == "skip":
                raise AlreadyThere
        raise Failure(FailureKind.NEEDS_YOU, "There are too many tracks of this name. Change the title.")

    def _set_destination(
        self,
        download: Download,
        track: StagedTrack,
        path: PurePosixPath,
        sha256: str,
        *,
        replaces: str | None = None,
    ) -> None:
        """From here on nobody can cancel. Raises Cancelled when somebody has."""
        with self.services.db.write() as session:
            wanted = queries.set_destination(
                session,
                download.id,
                track.id,
                path=str(path),
                sha256=sha256,
                confirmed_at=download.updated_at,
                replaces=replaces,
            )
        if not wanted:
            raise Cancelled

    def _cover(self, download: Download, track: StagedTrack) -> Path | None:
        if not (track.with_cover and track.cover_file):
            return None
        file = staging.folder_of(self.services.settings, download.id) / track.cover_file
        return file if file.exists() else None

    def _cover_beside(self, download: Download, track: StagedTrack, tags: Tags, placed: place.Placed) -> None:
        """A picture for players that look for one in an album's folder. The track is fine without it."""
        settings, cover = self.services.settings, self._cover(download, track)
        if not (cover and settings.cover_file):
            return
        if not naming.is_in_album_folder(tags, template.current(self.services)):
            return
        try:
            place.place_beside(cover, settings.library_dir, placed.relative, settings.cover_file, track.id)
        except Failure as failure:
            log.warning("no %s beside it: %s", settings.cover_file, failure.message)

    def _get(self, id: str) -> Download | None:
        with self.services.db.read() as session:
            return queries.by_id(session, id)

    def _end(self, id: str, state: State, have: Match | None = None) -> None:
        download = self._get(id) if state is State.DONE else None
        until = undo.kept_until(self.services, download) if download else None
        with self.services.db.write() as session:
            queries.move(
                session,
                id,
                state,
                undo_until=until,
                duplicate_of=have.track.id if have else None,
                duplicate_by=have.by if have else None,
            )
        if until:
            staging.remove_tagged(self.services.settings, id)
        else:
            staging.remove(self.services.settings, id)
        # That it is done was said with its path.
        log.log(logging.DEBUG if state is State.DONE else logging.INFO, "%s", state)

    def _fail(self, id: str, failure: Failure) -> None:
        outcome.not_added(self.services, id, failure)
        self.wake()

    def _stopped(self, id: str) -> bool:
        """By us: it goes on after the restart. By the person: nothing of it stays but for an undo.

        True when it was undone and confirmed anew while we were at it.
        """
        download = self._get(id)
        if download is None or (download.state is State.CANCELLED and not download.undo_until):
            staging.remove(self.services.settings, id)
        log.info("%s", "cancelled" if download is None else f"stopped while {download.state}")
        stopping = self.services.running.stopping
        return download is not None and download.state is State.FINALIZING and not stopping
