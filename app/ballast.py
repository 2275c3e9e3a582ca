"""A file beside the database that takes room to give it back: a full disk still takes a state."""

import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path

log = logging.getLogger("inlay.ballast")

MiB = 1024 * 1024
SIZE_BYTES = 8 * MiB
LEAST_BYTES = 64 * 1024
PART_OF_DISK = 100
LOW_BYTES = MiB
"""With less room than this a write may fail half-way, so the ballast goes before it begins."""


class Ballast:
    def __init__(self, database: Path) -> None:
        self.file = database.with_name("ballast")

    def keep(self) -> None:
        """Make it if it is not there and the disk has room: at most a hundredth of a small disk."""
        if self.file.exists():
            return
        with suppress(OSError):
            disk = shutil.disk_usage(self.file.parent)
            size = min(SIZE_BYTES, disk.total // PART_OF_DISK)
            if size >= LEAST_BYTES and disk.free >= 4 * size + LOW_BYTES:
                self._make(size)

    def give_way(self) -> None:
        """Called before each write; costs microseconds."""
        with suppress(OSError):
            disk = os.statvfs(self.file.parent)
            if disk.f_bavail * disk.f_frsize < LOW_BYTES:
                self.release()

    def release(self) -> None:
        with suppress(OSError):
            self.file.unlink()
            log.warning(
                "the disk of %s is full: used the room kept for that. Make room on it.", self.file.parent
            )

    def _make(self, size: int) -> None:
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError:
            self.file.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
