"""What others are told of a download: put into the outbox in the transaction in which it happens."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.downloads.model import Download, StagedTrack, State
from app.tell import queries as tell

EVENTS = {State.REVIEW: "ready", State.DONE: "done", State.FAILED: "failed"}


def note(session: Session, id: str, to: State) -> None:
    """This download has got into this state. Costs one question when nobody wants to hear of it."""
    if to is not State.REVIEW:
        # Nothing waits for the person any more, so nobody has to be called for it.
        tell.take_back(session, id, "ready")
    event = EVENTS.get(to)
    owner = session.scalar(select(Download.user_id).where(Download.id == id)) if event else None
    hooks = tell.listening(session, owner, event) if owner is not None and event else []
    if not hooks or event is None:
        return
    session.flush()
    download = session.get(Download, id, populate_existing=True)
    if download and not (event == "ready" and download.skip_review):
        tell.put(session, hooks, event, {"download": facts(download)}, subject=id)


def facts(download: Download) -> dict[str, Any]:
    failure = {"kind": download.failure_kind, "message": download.failure_message}
    return {
        "id": download.id,
        "url": download.url,
        "source": download.source,
        "site": download.site,
        "state": download.state.value,
        "title": download.title,
        "uploader": download.uploader,
        "failure": failure if download.failure_kind else None,
        "created_at": _time(download.created_at),
        "finished_at": _time(download.finished_at),
        "tracks": [_track(track) for track in download.tracks],
    }


def _track(track: StagedTrack) -> dict[str, Any]:
    tags = track.tags or track.proposal.tags()
    names = ("title", "artist", "album", "album_artist", "track_no", "disc_no", "date", "genre")
    return {
        **{name: getattr(tags, name) for name in names},
        "path": track.path,
        "library_track_id": track.library_track_id,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
