"""What is looked at once a second while a download is fetched: is it wanted, does it move, is there room."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.errors import Failure, FailureKind
from app.languages.say import say
from app.room import Room
from app.settings import Settings
from app.sources.egress_ticket import ProxyTicket

LEAST_BYTES = 1024
"""Less than this in `stall_s` seconds is nothing: a drip is how a site keeps a place occupied for ever."""
READING_S = 10
"""For the tags and the picture in a file: a thousandth of it is ordinary."""


@dataclass
class Watchdog:
    """Raises Failure when a download has to end. `ticket` knows what has come from the network."""

    settings: Settings
    ticket: ProxyTicket
    room: Room
    fetched: bool = False
    """All is here: what goes on now happens on this machine."""
    began: float = field(default_factory=time.monotonic)
    _reading_since: float | None = None
    _moved_at: float = field(default_factory=time.monotonic)
    _moved_bytes: int = 0

    def note(self, event: Mapping[str, Any]) -> None:
        """Take note of how far the child is."""
        self.fetched |= "fetched" in event
        if "reading" in event:
            self._reading_since = time.monotonic() if event["reading"] else None

    def look(self) -> None:
        clock = time.monotonic()
        if self._reading_since and clock - self._reading_since > READING_S:
            raise Failure(
                FailureKind.PERMANENT,
                "The tags in this file take too long to read. Try another link.",
            )
        if clock - self.began > self.settings.max_wall_s:
            raise Failure(
                FailureKind.PERMANENT,
                f"This took longer than {clock_of(self.settings.max_wall_s)} and was stopped. "
                "Retry when the site is faster.",
            )
        if self.room.look_relieved().running_out:
            raise Failure(FailureKind.NEEDS_YOU, "The disk is nearly full. Free some space, then retry.")
        if self.ticket.spent_bytes - self._moved_bytes >= LEAST_BYTES or self.fetched:
            self._moved_at, self._moved_bytes = clock, self.ticket.spent_bytes
        elif clock - self._moved_at > self.settings.stall_s:
            raise Failure(
                FailureKind.TEMPORARY,
                f"The site has sent nothing for {clock_of(self.settings.stall_s)}. Retry later.",
            )


def clock_of(seconds: int) -> str:
    """4 hours, 2 minutes, 45 seconds: for sentences."""
    hours, minutes = seconds // 3600, seconds // 60
    if hours and seconds % 3600 == 0:
        return say("1 hour") if hours == 1 else say(f"{hours} hours")
    if minutes and seconds % 60 == 0:
        return say("1 minute") if minutes == 1 else say(f"{minutes} minutes")
    return say(f"{seconds} seconds")
