"""Crux 1: a queued download becomes a staged track that a person can review."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from app.children.limits import fetch_limits
from app.children.parent import Cancelled, ChildCrashed
from app.downloads import queries, staging
from app.downloads.child import Staged
from app.downloads.confirm import accept_as_proposed
from app.downloads.model import FETCHING, Download, StagedTrack, State
from app.downloads.progress import Progress, ProgressBoard
from app.errors import Failure, FailureKind, surprise
from app.services import Services
from app.sources import failures
from app.sources.base import Order
from app.sources.egress import EgressGuard
from app.tags.propose import propose

log = logging.getLogger("inlay.stage")

WALL_S = 4 * 3600.0
MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class Stager:
    services: Services
    board: ProgressBoard
    guard: EgressGuard

    def stage(self, id: str) -> None:
        """Fetch one queued download. Safe to call at any time and twice."""
        with self.services.running.busy(id) as mine:
            if not mine or not self._claim(id):
                return
            download = self._get(id)
            assert download is not None
            log.info("%s: fetching %s", id, download.site)
            try:
                self._to_review(download, self._fetch(download))
            except Cancelled:
                self._give_up(download)
            except Failure as failure:
                self._fail(download, failure)
            except ChildCrashed as crash:
                self._crashed(download, crash)
            except Exception:
                # Whatever it is, nobody waits for a download that looks busy and is not.
                log.exception("%s: fetching failed", id)
                self._fail(download, surprise())
            finally:
                self.board.forget(id)
        self._ring_next(download.site)

    def _claim(self, id: str) -> bool:
        with self.services.db.write() as session:
            return queries.claim(session, id, self.services.settings.per_site)

    def _get(self, id: str) -> Download | None:
        with self.services.db.read() as session:
            return queries.by_id(session, id)

    def _fetch(self, download: Download) -> Staged:
        """Follow the child that fetches and checks; its findings go to the row and the progress board."""
        settings, services = self.services.settings, self.services
        folder = staging.folder_of(settings, download.id)
        folder.mkdir(parents=True, exist_ok=True)
        with self._way_out(download.id) as proxy:
            order = Order(
                url=download.url,
                folder=str(folder),
                quality=download.quality,
                max_duration_s=settings.max_duration_s,
                max_file_bytes=settings.max_file_bytes,
                proxy=proxy,
                ca_file=str(settings.ca_file) if settings.ca_file else None,
            )
            limits = fetch_limits(settings, folder, self.guard.port)
            call = services.warm.child(
                "app.downloads.child:fetch_and_check", msgspec.to_builtins(order), limits
            )
            with call as child, services.running.following(download.id, child):
                for event in child.events(seconds=WALL_S, check=lambda: self._still_wanted(download.id)):
                    self._note(download.id, event)
                return msgspec.convert(child.answer, Staged)

    @contextmanager
    def _way_out(self, id: str) -> Iterator[str]:
        """The proxy URL of this download; what the guard refused explains a failure better than its echo."""
        ticket = self.guard.open(id, 2 * self.services.settings.max_file_bytes)
        try:
            yield ticket.url
        except Failure:
            if ticket.over_budget:
                raise failures.too_large() from None
            if ticket.refused:
                raise failures.refused() from None
            raise
        finally:
            self.guard.close(id)

    def _still_wanted(self, id: str) -> None:
        download = self._get(id)
        if download is None or download.state not in FETCHING or self.services.running.stopping:
            raise Cancelled

    def _note(self, id: str, event: dict[str, Any]) -> None:
        if probed := event.get("probed"):
            seconds = probed["duration_s"]
            with self.services.db.write() as session:
                queries.move(
                    session,
                    id,
                    State.DOWNLOADING,
                    title=probed["title"],
                    uploader=probed["uploader"],
                    duration_ms=int(seconds * 1000) if seconds else None,
                )
        elif progress := event.get("progress"):
            self.board.put(id, Progress(**progress, cover=self.board.get(id).cover))
        elif event.get("cover"):
            self.board.put(id, msgspec.structs.replace(self.board.get(id), cover=True))
        elif note := event.get("note"):
            log.info("%s: %s", id, note)

    def _to_review(self, download: Download, staged: Staged) -> None:
        track = StagedTrack(
            download_id=download.id,
            position=1,
            info=staged.info,
            proposal=propose(staged.info, staged.in_file),
            source_file=staged.source_file,
            source_quality=staged.source_quality,
            thumbnail_file=staged.thumbnail_file,
            cover_file=staged.cover_file,
        )
        with self.services.db.write() as session:
            queries.replace_tracks(session, download.id, [track])
            ready = queries.move(
                session, download.id, State.REVIEW, duration_ms=staged.source_quality.duration_ms
            )
            accepted = ready and download.skip_review and self._accept(session, download.id)
        if not ready:
            self._give_up(download)
            return
        log.info("%s: ready for review", download.id)
        if accepted:
            self.services.ring("finalize", download.id)
        else:
            self.services.ring("convert", track.id)

    def _accept(self, session: Session, id: str) -> bool:
        session.expire_all()
        download = queries.by_id(session, id)
        return download is not None and accept_as_proposed(session, download)

    def _give_up(self, download: Download) -> None:
        """Stopped by the person: clean up. Stopped by us: back into the queue, partial files kept."""
        with self.services.db.write() as session:
            back = self.services.running.stopping and queries.put_back(session, download.id)
        if not back:
            staging.remove(self.services.settings, download.id)
        log.info("%s: %s", download.id, "back in the queue" if back else "stopped")

    def _fail(self, download: Download, failure: Failure) -> None:
        with self.services.db.write() as session:
            queries.move(session, download.id, State.FAILED, failure=failure)
        if failure.kind is not FailureKind.TEMPORARY:
            staging.remove(self.services.settings, download.id)
        log.info("%s: failed (%s): %s", download.id, failure.kind, failure.message)

    def _crashed(self, download: Download, crash: ChildCrashed) -> None:
        log.warning("%s: the child crashed: %s", download.id, crash)
        if download.attempts >= MAX_ATTEMPTS:
            sentence = "This link made the download stop several times. Retry, or report the link."
            self._fail(download, Failure(FailureKind.PERMANENT, sentence))
            return
        with self.services.db.write() as session:
            back = queries.put_back(session, download.id)
        if back:
            self.services.ring("stage", download.id)
        else:
            staging.remove(self.services.settings, download.id)

    def _ring_next(self, site: str) -> None:
        """A place of this site is free: wake the next one that waits for it."""
        if self.services.running.stopping:
            return
        with self.services.db.read() as session:
            waiting = queries.next_queued(session, site)
        if waiting:
            self.services.ring("stage", waiting)
