"""Disks of any size for tests, made of memory. Mounting them needs root."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.running import wait_for


@dataclass(frozen=True)
class Disk:
    folder: Path

    def resize(self, size_kib: int) -> None:
        assert self._resized(size_kib), "the disk holds more than that"

    def _resized(self, size_kib: int) -> bool:
        command = ["mount", "-o", f"remount,size={size_kib}k", str(self.folder)]
        return subprocess.run(command, capture_output=True).returncode == 0

    def used_kib(self) -> int:
        return int(subprocess.check_output(["df", "--output=used", "-k", str(self.folder)]).split()[-1])

    def fill(self, *, leaving_kib: int) -> None:
        """Leave this much room, by being smaller: as if others had filled it."""
        # What was deleted is counted until its last reader lets go: only what is there tells the size to be.
        wait_for(lambda: self._resized(self.there_kib() + leaving_kib))

    def there_kib(self) -> int:
        """What its files take, in whole KiB."""
        return sum(file.lstat().st_blocks for file in self.folder.rglob("*")) // 2


@contextmanager
def small_disk(folder: Path, size_kib: int) -> Iterator[Disk]:
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "none", str(folder)]
    if subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("mounting a disk of some size needs root")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
