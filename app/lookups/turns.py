"""Whose turn it is: one request a second to each service, and none while it rests."""

import threading
import time


class Trouble(Exception):
    """A service cannot be asked now, or does not answer usefully. The text is for the log.

    Nothing of ours depends on an answer: whoever asks for several things goes on without this one.
    """


class Turns:
    """The requests to one service, one after another. Thread-safe."""

    def __init__(self, gap_s: float, stopping: threading.Event) -> None:
        self._gap_s = gap_s
        self._stopping = stopping
        self._lock = threading.Lock()
        self._next_at = 0.0
        self._rests_until = 0.0

    def take(self, deadline: float) -> None:
        """Wait for the next turn. Raises Trouble at once when it is not before `deadline` (monotonic)."""
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next_at, self._rests_until)
            if at >= deadline:
                raise Trouble("it rests, or too many wait for it")
            self._next_at = at + self._gap_s
        if self._stopping.wait(at - now):
            raise Trouble("Inlay stops")
        with self._lock:
            # Somebody else was told meanwhile to leave it alone.
            if self._rests_until > time.monotonic():
                raise Trouble("it rests")

    def rest(self, seconds: float) -> None:
        """No request for so long."""
        with self._lock:
            self._rests_until = max(self._rests_until, time.monotonic() + seconds)
