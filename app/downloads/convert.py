"""The wanted format, made behind the review: the person reads while ffmpeg works."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

from app import meters
from app.audio import convert as audio_convert
from app.children.parent import Cancelled, ChildCrashed
from app.downloads import outcome, queries, staging, trim
from app.downloads.model import Conversion, Download, StagedTrack, State
from app.downloads.progress import Progress, ProgressBoard
from app.errors import Failure, FailureKind
from app.languages.say import say
from app.logs import about
from app.services import Services

log = logging.getLogger("inlay.convert")


@dataclass(frozen=True)
class Converter:
    services: Services
    board: ProgressBoard
    wake: Callable[[], None] = lambda: None
    """Called when a damaged file is to be fetched again later."""

    def convert(self, track_id: str) -> None:
        """Answer a ring: convert this staged track, and then those that wait, one after another.

        Not when somebody else does, or enough are under way.
        """
        waiting: str | None = track_id
        while waiting:
            done, following = self._convert_one(waiting), self._next()
            # Where another took it, there may be one behind it; where too many are under way, it still waits.
            waiting = following if done or following != waiting else None

    def _convert_one(self, track_id: str) -> bool:
        """False: this call was not to do it."""
        try:
            if not self._ensure(track_id, self.most()):
                return False
        except Failure as failure:
            self._fail(track_id, failure)
        except Cancelled:
            log.debug("track %s: conversion stopped", track_id)
        self._ring_waiting_finalize(track_id)
        return True

    def ensure(self, track_id: str, *, most: int) -> bool:
        """Convert, unless that is done, under way, or `most` others are. True when this call did it.

        Raises Failure, Cancelled.
        """
        done = True
        try:
            done = self._ensure(track_id, most)
        finally:
            if done and (waiting := self._next()):
                self.services.ring("convert", waiting)
        return done

    def _ensure(self, track_id: str, most: int) -> bool:
        with self.services.running.busy(track_id) as mine:
            claimed = self._claim(track_id, most) if mine else None
            if claimed is None:
                return False
            download, track = claimed
            with about(download_id=download.id, user_id=download.user_id):
                self._convert_claimed(download, track)
            return True

    def _claim(self, track_id: str, most: int) -> tuple[Download, StagedTrack] | None:
        with self.services.db.write() as session:
            if not queries.claim_conversion(session, track_id, most=most):
                return None
            track = queries.staged_track(session, track_id)
            download = queries.by_id(session, track.download_id) if track else None
        assert track is not None
        assert download is not None
        return download, track

    def _convert_claimed(self, download: Download, track: StagedTrack) -> None:
        try:
            self._convert_again_after_a_crash(download, track)
        except BaseException as error:
            waits = isinstance(error, Cancelled) and self.services.running.stopping
            with self.services.db.write() as session:
                to = Conversion.WAITING if waits else Conversion.FAILED
                if not queries.end_conversion(session, track, to):
                    raise Cancelled from error
            if isinstance(error, Failure) and error.kind is not FailureKind.NEEDS_YOU:
                # The file is to blame: a retry has to fetch another one.
                (staging.folder_of(self.services.settings, download.id) / track.source_file).unlink(True)
            if isinstance(error, ChildCrashed):
                log.warning("the converting child crashed", extra={"trace": error})
                sentence = say("The conversion stopped unexpectedly. Retry.")
                raise Failure(FailureKind.TEMPORARY, sentence) from error
            raise

    def most(self) -> int:
        """Encoding takes a whole core: more at once gain nothing, and one worker stays free for links."""
        return max(1, min(self.services.settings.workers - 1, os.cpu_count() or 1))

    def _fail(self, track_id: str, failure: Failure) -> None:
        """What no conversion can mend is said at once, not after the review; a full disk can wait for it.

        Who has confirmed already hears it in any case: finalize would find no more than an empty place.
        """
        with self.services.db.write() as session:
            confirmed = queries.finalizing_download(session, track_id)
            track = queries.staged_track(session, track_id)
            download = queries.by_id(session, track.download_id) if track else None
            in_review = download is not None and download.state is State.REVIEW
            if download and in_review and failure.kind is not FailureKind.NEEDS_YOU:
                outcome.not_converted(self.services, session, download, failure)
        with about(download_id=download.id if download else None):
            if in_review or confirmed:
                # Else its files were taken away under it.
                log.info("not converted (%s): %s", failure.kind, failure.message)
            if confirmed:
                outcome.not_added(self.services, confirmed, failure)
        self.wake()

    def _ring_waiting_finalize(self, track_id: str) -> None:
        """Somebody confirmed meanwhile: finalize goes on, or says why it cannot."""
        with self.services.db.read() as session:
            id = queries.finalizing_download(session, track_id)
        if id and not self.services.running.stopping:
            self.services.ring("finalize", id)

    def _next(self) -> str | None:
        with self.services.db.read() as session:
            waiting = queries.next_unconverted(session)
        return None if self.services.running.stopping else waiting

    def _convert_again_after_a_crash(self, download: Download, track: StagedTrack) -> None:
        try:
            with meters.timed("inlay_convert_duration_seconds"):
                self._convert(download, track)
        except ChildCrashed as crash:
            log.warning("the converting child crashed and starts again", extra={"trace": crash})
            self._convert(download, track)

    def _convert(self, download: Download, track: StagedTrack) -> None:
        folder = staging.folder_of(self.services.settings, download.id)
        file, quality = audio_convert.convert(
            folder / track.source_file,
            track.source_quality,
            download.format,
            trim.stem(folder, trim.of(track)),
            trim=trim.of(track),
            on_percent=lambda percent: self.board.put(download.id, Progress(percent=percent, cover=True)),
            check=lambda: self._still_wanted_so(download.id, track),
            start=self.services.warm.child_if_warm,
        )
        self.board.forget(download.id)
        with self.services.db.write() as session:
            done = queries.end_conversion(
                session, track, Conversion.DONE, converted_file=file.name, converted_quality=quality
            )
        if not done and file.name != track.source_file:
            file.unlink(missing_ok=True)

    def _still_wanted_so(self, id: str, track: StagedTrack) -> None:
        """Also not with another cut."""
        self._still_wanted(id)
        with self.services.db.read() as session:
            if not queries.has_same_trim(session, track):
                raise Cancelled

    def _still_wanted(self, id: str) -> None:
        with self.services.db.read() as session:
            state = queries.state_of(session, id)
        if state not in (State.REVIEW, State.FINALIZING) or self.services.running.stopping:
            raise Cancelled
