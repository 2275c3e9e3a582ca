"""How much room the staging disk has, and whether something new may be fetched to it."""

import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.languages.say import say
from app.settings import Settings

FRESH_S = 3.0
"""Looking through the staging folder costs a little: what was seen counts for so long."""


@dataclass(frozen=True)
class Disk:
    """A look at the staging disk, in bytes."""

    free: int
    floor: int
    """This much stays free."""
    staged: int
    """In the staging folder."""
    most_staged: int

    @property
    def full(self) -> str:
        """Why nothing new is fetched, in a sentence; empty when there is room."""
        if self.free < self.floor:
            return say(
                f"The staging disk has {size(self.free)} left, and {size(self.floor)} stay free. "
                "Make room on it: then this goes on by itself."
            )
        if self.staged >= self.most_staged:
            return say(
                f"{size(self.staged)} are waiting for their review, which is the limit. "
                "Add or discard some: then this goes on by itself."
            )
        return ""

    @property
    def running_out(self) -> bool:
        """Less than half of what should stay free: what is being fetched has to stop, too."""
        return self.free < self.floor // 2


@dataclass
class Room:
    """Thread-safe; remembers its last look for a moment."""

    settings: Settings
    relief: Callable[[], bool] = lambda: False
    """Removes something that is least needed from the staging folder; False: there is nothing of that."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: Disk | None = None
    _seen_at: float = 0.0

    def look(self) -> Disk:
        with self._lock:
            if self._seen is None or time.monotonic() - self._seen_at > FRESH_S:
                self._seen = self._measure()
                self._seen_at = time.monotonic()
            return self._seen

    def forget(self) -> None:
        """Somebody may just have made room: the next look is a new one."""
        with self._lock:
            self._seen = None

    def look_relieved(self) -> Disk:
        """The same, after what is least needed has made room. Not inside a transaction."""
        disk = self.look()
        while disk.full and self.relief():
            self.forget()
            disk = self.look()
        return disk

    def _measure(self) -> Disk:
        settings = self.settings
        staged = _bytes_in(settings.staging)
        try:
            disk = shutil.disk_usage(settings.staging)
        except OSError:
            # The folder is away: fetching says so better than we can.
            return Disk(free=1, floor=0, staged=staged, most_staged=settings.max_staging_bytes)
        # A disk that is small altogether is used, too.
        floor = min(settings.min_free_bytes, disk.total // 20)
        return Disk(free=disk.free, floor=floor, staged=staged, most_staged=settings.max_staging_bytes)


def size(number: int) -> str:
    """0.4 GB, 12 MB: for sentences."""
    return f"{number / 1e9:.1f} GB" if number >= 100_000_000 else f"{number / 1e6:.0f} MB"


def _bytes_in(folder: Path) -> int:
    """Allocated bytes; what vanishes while we look counts for nothing."""
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(at, name)).st_blocks * 512
            except OSError:
                continue
    return total
