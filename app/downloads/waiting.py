"""Why something that should be going on is not: the next try, a pause of its site, no room on the disk."""

import re
from dataclasses import dataclass
from datetime import datetime

from app.downloads.model import Download, State
from app.downloads.schedule_queries import is_ahead
from app.errors import FailureKind
from app.languages.say import say
from app.room import Room

ADVICE = re.compile(r"(?<=\.) [^.]*\b(retry|try again|later)\b[^.]*\.$", re.IGNORECASE)


@dataclass(frozen=True)
class Wait:
    """`message` is a whole sentence; `until` is when it goes on by itself, if anybody knows."""

    kind: FailureKind
    message: str
    until: datetime | None = None
    whole: str = ""
    """With the advice that `message` does without: what a page translates before it takes that off."""


def why(download: Download, room: Room) -> Wait | None:
    """What a queued or confirmed download waits for beside its turn."""
    if download.state not in (State.QUEUED, State.FINALIZING):
        return None
    retry_at = download.retry_at if download.retry_at and is_ahead(download.retry_at) else None
    paused_until = _paused_until(download)
    if retry_at and download.failure_message:
        kind = FailureKind(download.failure_kind or FailureKind.TEMPORARY)
        until = max(retry_at, paused_until) if paused_until else retry_at
        # "Retry later" is what it does by itself now.
        message = ADVICE.sub("", download.failure_message)
        whole = download.failure_message if message != download.failure_message else ""
        return Wait(kind, message, until, whole)
    if paused_until:
        return Wait(FailureKind.TEMPORARY, say(f"{download.site} asked for a pause."), paused_until)
    if download.state is State.QUEUED and (full := room.look().full):
        return Wait(FailureKind.NEEDS_YOU, full)
    return None


def _paused_until(download: Download) -> datetime | None:
    until = download.health.paused_until if download.health else None
    return until if until and is_ahead(until) and download.state is State.QUEUED else None


def countdown(seconds: int) -> str:
    """4:12, or 1:04:12."""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
