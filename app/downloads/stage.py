"""Crux 1: a queued download becomes a staged track that a person can review."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from app import meters
from app.children.limits import fetch_limits
from app.children.parent import Cancelled, ChildCrashed
from app.cookies.lend import Loan, lend
from app.downloads import (
    candidates,
    cover,
    known,
    outcome,
    print_queries,
    prints,
    queries,
    site_queries,
    staging,
)
from app.downloads.confirm import accept_as_proposed
from app.downloads.lanes import Lane, lane_of_all
from app.downloads.model import FETCHING, IN_FILE, Download, StagedTrack, State
from app.downloads.progress import Progress, ProgressBoard
from app.downloads.schedule import Scheduler
from app.downloads.staged import Staged
from app.downloads.watchdog import Watchdog
from app.errors import Failure, surprise
from app.library import prints as made
from app.library.artists import Artists
from app.library.model import Reason
from app.logs import about as lines_about
from app.rules.queries import about
from app.services import Services
from app.sources import failures
from app.sources.base import Order
from app.sources.egress import EgressGuard, ProxyTicket
from app.tags import info as read
from app.tags.model import Proposal
from app.tags.propose import propose
from app.tags.rules import Rule, adds_by_itself, apply, cover_rule

log = logging.getLogger("inlay.stage")


@dataclass(frozen=True)
class Stager:
    services: Services
    board: ProgressBoard
    guard: EgressGuard
    scheduler: Scheduler
    wake: Callable[[], None] = lambda: None
    """Called when something was put off: somebody has to ring when its time has come."""
    artists: Artists = field(default_factory=Artists)

    def stage(self, _: str = "") -> None:
        """Answer a ring: fetch whatever is next in line. Safe to call at any time, and when nothing is."""
        download = self.scheduler.claim()
        if download is None:
            return
        with (
            lines_about(download_id=download.id, user_id=download.user_id),
            self.services.running.busy(download.id),
        ):
            self._take(download)
        self._ring_next()

    def _take(self, download: Download) -> None:
        log.info("fetching from %s", download.site)
        ticket = self.guard.open(download.id, 2 * self.services.settings.max_file_bytes)
        try:
            with meters.timed("inlay_fetch_duration_seconds"):
                self._to_review(download, self._fetch(download, ticket), ticket.spent_bytes)
        except Cancelled:
            outcome.stopped(self.services, download, ticket.spent_bytes)
        except Failure as failure:
            outcome.failed(self.services, download, failure, ticket.spent_bytes)
        except ChildCrashed as crash:
            outcome.crashed(self.services, download, crash, ticket.spent_bytes)
        except Exception:
            # Whatever it is, nobody waits for a download that looks busy and is not.
            log.exception("fetching failed")
            outcome.failed(self.services, download, surprise(), ticket.spent_bytes)
        finally:
            self.guard.close(download.id)
            self.board.forget(download.id)

    def _fetch(self, download: Download, ticket: ProxyTicket) -> Staged:
        """Follow the child that fetches and checks; its findings go to the row and the progress board."""
        services = self.services
        folder = staging.folder_of(services.settings, download.id)
        folder.mkdir(parents=True, exist_ok=True)
        with lend(services, download.user_id, download.site, folder) as loan:
            return self._follow(download, ticket, folder, loan)

    def _follow(self, download: Download, ticket: ProxyTicket, folder: Path, loan: Loan) -> Staged:
        settings, services = self.services.settings, self.services
        order = Order(
            url=download.url,
            folder=str(folder),
            quality=download.quality,
            max_duration_s=settings.max_duration_s,
            max_file_bytes=settings.max_file_bytes,
            proxy=ticket.url,
            ca_file=str(settings.ca_file) if settings.ca_file else None,
            with_cookies=bool(loan),
        )
        limits = fetch_limits(settings, folder, self.guard.port)
        watchdog = Watchdog(settings, ticket, services.room)

        def check() -> None:
            self._still_wanted(download.id)
            watchdog.look()

        call = services.warm.child("app.downloads.child:fetch_and_check", msgspec.to_builtins(order), limits)
        with _as_the_guard_saw_it(ticket), call as child, services.running.following(download.id, child):
            for event in child.events(seconds=settings.max_wall_s + 60, check=check):
                watchdog.note(event)
                loan.note(event)
                self._note(download.id, event)
            return msgspec.convert(child.answer, Staged)

    def _still_wanted(self, id: str) -> None:
        with self.services.db.read() as session:
            state = queries.state_of(session, id)
        if state not in FETCHING or self.services.running.stopping:
            raise Cancelled

    def _note(self, id: str, event: dict[str, Any]) -> None:
        if probed := event.get("probed"):
            self._probed(id, probed)
        elif progress := event.get("progress"):
            self.board.put(id, Progress(**progress, cover=self.board.get(id).cover))
        elif event.get("cover"):
            self.board.put(id, msgspec.structs.replace(self.board.get(id), cover=True))
        elif note := event.get("note"):
            log.info("%s", note)

    def _probed(self, id: str, probed: dict[str, Any]) -> None:
        """Go on and fetch it, unless the library has it already and nobody asked for it again."""
        seconds = probed["duration_s"]
        about = {
            "title": probed["title"],
            "uploader": probed["uploader"],
            "duration_ms": int(seconds * 1000) if seconds else None,
        }
        with self.services.db.write() as session:
            download = queries.by_id(session, id)
            had = (
                known.at_source(session, download, probed["source_id"], about["duration_ms"])
                if download
                else None
            )
            if had is None:
                queries.move(session, id, State.DOWNLOADING, **about)
                return
            queries.move(session, id, State.SKIPPED, duplicate_of=had.id, duplicate_by=Reason.SOURCE, **about)
        log.info("is in the library already")
        raise Cancelled

    def _to_review(self, download: Download, staged: Staged, spent_bytes: int) -> None:
        with self.services.db.read() as session:
            rules = about(session, download.user_id, download.site, read.channel(staged.info))
        rule = cover_rule(rules) if staged.cover_file else None
        edit = cover.by_rule(self.services, download, staged.thumbnail_file, rule) if rule else None
        track = StagedTrack(
            download_id=download.id,
            position=1,
            info={**staged.info, IN_FILE: msgspec.to_builtins(staged.in_file)},
            proposal=self._propose(staged, rules),
            source_file=staged.source_file,
            source_quality=staged.source_quality,
            thumbnail_file=staged.thumbnail_file,
            cover_file=staged.cover_file,
            cover_edit=edit,
            with_cover=not edit or edit["from"] != cover.NONE,
        )
        # Who adds by itself what is ready has to know that it is nothing that we have under another name.
        sound = self._sound(track) if adds_by_itself(rules) else None
        with self.services.db.write() as session:
            outcome.take_note_of_bytes(session, download, spent_bytes)
            site_queries.succeeded(session, download.site)
            queries.replace_tracks(session, download.id, [track])
            if sound is not None:
                session.flush()
                print_queries.keep(session, track, sound)
            ready = queries.move(
                session, download.id, State.REVIEW, duration_ms=staged.source_quality.duration_ms
            )
            accepted = ready and self._accept(session, download, may_by_itself=adds_by_itself(rules))
        if not ready:
            outcome.stopped(self.services, download, 0)
            return
        log.info("ready for review, %d bytes from the network", spent_bytes)
        if accepted:
            self.services.ring("finalize", download.id)
        else:
            self.services.ring("convert", track.id)
            if prints.is_pending(self.services, track):
                self.services.ring("print", track.id)
            if candidates.are_on(self.services.settings):
                self.services.ring("lookup", track.id)

    def _sound(self, track: StagedTrack) -> bytes | None:
        """What is to be kept of it; None: nothing is, for now."""
        if not made.are_made(self.services):
            return None
        file = staging.folder_of(self.services.settings, track.download_id) / track.source_file
        return prints.listen(self.services, track, file)

    def _propose(self, staged: Staged, rules: list[Rule]) -> Proposal:
        artists = self.artists.keys(self.services.db)

        def anew(info: Mapping[str, Any]) -> Proposal:
            return propose(info, staged.in_file, artists)

        return apply(anew(staged.info), staged.info, rules, anew)

    def _accept(self, session: Session, download: Download, *, may_by_itself: bool) -> bool:
        """Go on without a review: because the link was handed in so, or because it is ready and may."""
        session.expire_all()
        found = queries.by_id(session, download.id)
        if found is None:
            return False
        if not (found.skip_review or (may_by_itself and self._is_ready(session, found))):
            return False
        if not accept_as_proposed(session, found):
            return False
        queries.touch(session, found.id, skip_review=True)
        return True

    def _is_ready(self, session: Session, download: Download) -> bool:
        """Nothing to look at, and neither there nor on its way into the library already."""
        if lane_of_all(download, known.of_reviews(session, [download])) is not Lane.READY:
            return False
        return not any(
            known.is_being_added(session, track, track.proposal.tags()) for track in download.tracks
        )

    def _ring_next(self) -> None:
        """A place is free: wake the next one that waits for it, now or when its time has come."""
        self.wake()
        if self.scheduler.something_waits():
            self.services.ring("stage", "next")


@contextmanager
def _as_the_guard_saw_it(ticket: ProxyTicket) -> Iterator[None]:
    """What the guard refused at the end explains a failure better than its echo."""
    try:
        yield
    except Failure:
        if ticket.over_budget:
            raise failures.too_large() from None
        if ticket.refused_last:
            raise failures.refused() from None
        raise
