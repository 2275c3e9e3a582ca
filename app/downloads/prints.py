"""What a download sounds like: found out once, behind its review, and taken along into the library."""

import threading
from dataclasses import dataclass
from pathlib import Path

from app.downloads import print_queries, queries, staging, trim
from app.downloads.model import StagedTrack, State
from app.library import prints as library_prints
from app.library import queries as library_queries
from app.services import Services

_turns = threading.Semaphore(1)
"""It takes half a second of a core: a ring and a finalize of one track wait for each other."""


@dataclass(frozen=True)
class Printer:
    services: Services

    def answer(self, track_id: str) -> None:
        """Answer a ring: find out about this staged track, if it waits for its review."""
        with self.services.db.read() as session:
            track = queries.staged_track(session, track_id)
            state = queries.state_of(session, track.download_id) if track else None
        if track and state is State.REVIEW:
            ensure(self.services, track)


def known(services: Services, track: StagedTrack) -> bytes | None:
    """None: nobody has listened to what is kept of it yet."""
    with services.db.read() as session:
        return print_queries.of_staged(session, [track]).get(track.id)


def is_pending(services: Services, track: StagedTrack) -> bool:
    """Whether it will be known soon."""
    long_enough = (trim.kept_ms(track) or 0) >= library_prints.LEAST_MS
    return long_enough and library_prints.are_made(services) and known(services, track) is None


def ensure(services: Services, track: StagedTrack) -> bytes:
    """What it sounds like, made now if need be; empty where that is not known. Never raises Failure."""
    if (found := known(services, track)) is not None:
        return found
    if not is_pending(services, track):
        return b""
    with _turns:
        if (found := known(services, track)) is not None:
            return found
        file = staging.folder_of(services.settings, track.download_id) / track.source_file
        found = listen(services, track, file)
        with services.db.write() as session:
            print_queries.keep(session, track, found)
    return found


def listen(services: Services, track: StagedTrack, file: Path) -> bytes:
    cut = trim.of(track)
    return library_prints.make(
        file,
        trim.kept_ms(track),
        start_ms=cut.start_ms,
        end_ms=cut.end_ms,
        start=services.warm.child_if_warm,
    )


def take_along(services: Services, library_track_id: str, found: bytes | None) -> None:
    """The track of the library sounds like the download that it came from; None: nobody knows yet."""
    if found is None and library_prints.are_made(services):
        services.ring("listen", library_track_id)
    if not found:
        return
    with services.db.read() as session:
        track = library_queries.by_id(session, library_track_id)
    if track:
        library_prints.keep(services, track, found)
