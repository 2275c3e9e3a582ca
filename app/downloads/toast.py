"""The toast: what became of what a person just added or discarded, its undo, and what is ready next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.db import now
from app.downloads import cards, known, queries, undo, undo_queries
from app.downloads.lanes import Lane, lane_of_all
from app.downloads.model import Download, State
from app.languages.say import say
from app.services import Services

SHOWN = timedelta(minutes=10)
"""An old address with an old id in it says nothing any more."""
LOOKED_AT = 20
"""So many that wait are looked at for one that is ready."""
WORDS = {
    State.FINALIZING: say("Adding “{title}” to the library"),
    State.DONE: say("Added “{title}” to the library"),
    State.SKIPPED: say("You have “{title}” already: nothing was added"),
    State.DISCARDED: say("Discarded “{title}”"),
    State.CANCELLED: say("Cancelled “{title}”"),
}
REPLACED = say("Replaced “{title}” with the new file")


@dataclass(frozen=True)
class Next:
    id: str
    title: str


@dataclass(frozen=True)
class Toast:
    """`sentence`: about the download `id`, with `{title}` where the title stands."""

    id: str
    sentence: str
    title: str
    undo: bool
    settling: bool
    """It is being added, so that the sentence will change."""
    next: Next | None


def toast_of(services: Services, user_id: int, id: str) -> Toast | None:
    """What to say about a download of this user that just changed; None: there is nothing to say or do."""
    with services.db.read() as session:
        download = undo_queries.ended_lately(session, id, user_id, since=now() - SHOWN)
        if download is None or download.state not in WORDS:
            return None
        waiting = undo_queries.in_review(session, user_id, not_id=id, most=LOOKED_AT)
        following = _next(waiting, known.of_reviews(session, waiting))
    sentence = WORDS[download.state]
    if download.state is State.DONE and any(track.replaces for track in download.tracks):
        sentence = REPLACED
    can_undo = bool(services.settings.undo_s) and undo.is_possible(download)
    settling = download.state is State.FINALIZING
    if not (can_undo or following or settling or download.state is State.SKIPPED):
        return None
    ready = Next(following.id, cards.title_of(following)) if following else None
    return Toast(download.id, sentence, cards.title_of(download), can_undo, settling, ready)


def _next(waiting: Sequence[Download], have: known.Known) -> Download | None:
    """The first that is ready, else the first."""
    ready = (one for one in waiting if lane_of_all(one, have) is Lane.READY)
    return next(ready, waiting[0] if waiting else None)


def address(services: Services, id: str) -> str:
    """The inbox with the toast about this download, or without one when there would be nothing in it."""
    with services.db.read() as session:
        download = queries.by_id(session, id)
    toast = toast_of(services, download.user_id, id) if download else None
    return f"/?undo={id}" if toast and (toast.undo or toast.next) else "/"
