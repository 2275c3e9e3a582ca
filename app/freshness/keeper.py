"""Looks for a newer yt-dlp once a day, at a minute of this installation's own, and when somebody asks."""

import hashlib
import logging
import threading
from datetime import UTC, datetime, timedelta

from app.children.parent import Cancelled
from app.errors import InlayError
from app.freshness.installs import Installs, Look
from app.freshness.update import FAILED, NOT_NOW, update
from app.freshness.versions import BUNDLED
from app.languages.say import say
from app.settings import Settings

log = logging.getLogger("inlay.freshness")

START_S = 300.0
"""After a start first things come first; a server that is off at its minute looks then."""
AGAIN_S = 4 * 3600.0
"""Offline is nothing to worry about."""
NAP_S = 600.0
"""A clock that was set, or a machine that slept, is noticed after so long."""
STOP_S = 5.0
MINUTES = 24 * 60


class Keeper:
    """A thread. What it finds out is in `installs`, where the pages see it."""

    def __init__(self, settings: Settings, secret: bytes, installs: Installs) -> None:
        self._settings = settings
        self._installs = installs
        self._minute = minute_of(secret)
        self._alarm = threading.Event()
        self._by_hand = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="freshness", daemon=True)

    def start(self) -> None:
        if self._installs.channel != BUNDLED:
            self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._alarm.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def look_now(self, _: str = "") -> None:
        """Somebody asks. Returns at once."""
        self._by_hand = True
        self._alarm.set()

    def _run(self) -> None:
        due = datetime.now(UTC) + timedelta(seconds=START_S)
        while not self._stopping:
            left = (due - datetime.now(UTC)).total_seconds()
            if left <= 0 or self._by_hand:
                due = self._after(self._look())
                continue
            self._alarm.wait(min(left, NAP_S))
            self._alarm.clear()

    def _look(self) -> str:
        by_hand, self._by_hand = self._by_hand, False
        self._installs.looking = True
        try:
            found = update(self._settings, self._installs, by_hand=by_hand, check=self._go_on)
            look = Look(datetime.now(UTC), found.outcome, found.message)
        except Cancelled:
            return NOT_NOW
        except InlayError as error:
            look = Look(datetime.now(UTC), NOT_NOW, error.message)
        except Exception:
            log.exception("looking for a newer yt-dlp failed")
            sentence = say("Something unexpected happened, which was written to the log.")
            look = Look(datetime.now(UTC), FAILED, sentence)
        finally:
            self._installs.looking = False
        self._installs.last_look = look
        return look.outcome

    def _go_on(self) -> None:
        if self._stopping:
            raise Cancelled

    def _after(self, outcome: str) -> datetime:
        now = datetime.now(UTC)
        return now + timedelta(seconds=AGAIN_S) if outcome == NOT_NOW else next_look(now, self._minute)


def minute_of(secret: bytes) -> int:
    """Of the day: not all installations ask at the same moment."""
    digest = hashlib.sha256(b"when to look for yt-dlp" + secret).digest()
    return int.from_bytes(digest[:4], "big") % MINUTES


def next_look(now: datetime, minute: int) -> datetime:
    """The next time that it is this minute of the day, at least half a day ahead: once a day is enough."""
    at = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=minute)
    while at < now + timedelta(hours=12):
        at += timedelta(days=1)
    return at
