"""Which number a file has on its disk: it stays the same when the file gets another name."""

import os
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
# Those keep no numbers: they are given out as files are met, so others after each mount, and a file may get
# the one that another had. `fuseblk` is exFAT in a program of its own; and NTFS, whose numbers would be good.
FORGETFUL = {"exfat", "vfat", "msdos", "fuseblk"}
NONE = 0


def forgetful(mounts: Path = MOUNTS) -> frozenset[int]:
    """The devices (`st_dev`) whose numbers mean nothing."""
    found = set()
    text = mounts.read_text(errors="surrogateescape") if mounts.exists() else ""
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        if after.split(" ")[0] in FORGETFUL:
            major, _, minor = before.split(" ")[2].partition(":")
            found.add(os.makedev(int(major), int(minor)))
    return frozenset(found)


def inode_of(facts: os.stat_result, forgetting: frozenset[int] | None = None) -> int:
    """NONE on a disk that keeps no such numbers. `forgetting` is `forgetful()`, for who asks often."""
    return NONE if facts.st_dev in (forgetful() if forgetting is None else forgetting) else facts.st_ino
