"""Following the library folder: events are hints where to look, and looking now and then misses nothing."""

import logging
import math
import os
import re
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import watchfiles

from app.db import Database
from app.errors import Failure
from app.library.folder import check_mounted
from app.library.index import EXTENSIONS, ScanResult, scan
from app.library.paths import from_text, to_text
from app.scanning import ScanBoard

log = logging.getLogger("inlay.library")

QUIET_MS = 400
"""Events are collected until there is none for this long …"""
COLLECT_MS = 2_000
"""… but not longer than this."""
WAKE_S = 1.0
"""How often it looks whether anything is due; that costs one `stat`."""
SETTLE_S = 2.0
FULL_SCAN_S = 300.0
POLL_S = 60.0
MANY = 50
"""More folders than this at once: one look at everything is cheaper."""

# Disks on which the kernel does not see what others change, beside all that are named `fuse.…`.
UNSEEN = {"nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "glusterfs", "virtiofs", "vboxsf", "fakeowner"}

Target = tuple[str, bool]
"""A folder to look at, "" for the library, and whether with all folders in it."""
EVERYTHING: Target = ("", True)


@dataclass
class LibraryWatcher:
    """Keeps the index true to the library folder, in a thread of its own. Its disk may come and go."""

    db: Database
    library: Path
    board: ScanBoard = field(default_factory=ScanBoard)
    full_scan_s: float = FULL_SCAN_S
    poll_s: float = POLL_S
    settle_s: float = SETTLE_S
    wake_s: float = WAKE_S
    always_poll: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _polling: bool = False
    _blind: bool = False
    _full_scan_at: float = 0.0
    _unsettled: dict[str, float] = field(default_factory=dict)
    """Folders with files that may still grow → when to look again."""

    def start(self) -> None:
        """A full scan, then the watch. Returns at once."""
        self._thread = threading.Thread(target=self._run, name="library-watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=5.0)

    def _run(self) -> None:
        told = False
        while not self._stop.is_set():
            try:
                check_mounted(self.library, self.db.file.parent)
                told = False
                self._follow()
            except Failure as failure:
                if not told:
                    log.warning("%s", failure.message)
                told = True
            except Exception:
                log.exception("following the library failed; it begins again")
            self._stop.wait(self.wake_s)

    def _follow(self) -> None:
        """Until the folder is another one: its disk was unmounted, or it was deleted."""
        same = _folder_id(self.library)
        self._full_scan_at = 0.0
        self._polling = self.always_poll or is_unseen(self.library.resolve())
        for targets in self._hints():
            if _folder_id(self.library) != same:
                return
            self._look(targets)

    def _hints(self) -> Iterator[set[Target]]:
        """What to look at; empty about once a second."""
        failed = 0
        while not self._polling and not self._stop.is_set():
            try:
                for changes in self._watch():
                    failed = 0
                    yield {one for _, path in changes if (one := _target(self.library, path))}
            except FileNotFoundError:
                return
            except (OSError, RuntimeError) as error:
                # Names that are not UTF-8 end it, too: then it goes on at the next try.
                log.info("watching the library ended: %s", error)
                failed += 1
                self._polling = failed > 2
                self._full_scan_at = min(self._full_scan_at, time.monotonic())
        while not self._stop.wait(self.wake_s):
            yield set()

    def _watch(self) -> Iterator[set[tuple[watchfiles.Change, str]]]:
        return watchfiles.watch(
            self.library,
            watch_filter=lambda _, path: "/." not in path.removeprefix(str(self.library)),
            debounce=COLLECT_MS,
            step=QUIET_MS,
            rust_timeout=int(self.wake_s * 1000),
            yield_on_timeout=True,
            stop_event=self._stop,
            raise_interrupt=False,
            force_polling=False,
            ignore_permission_denied=True,
        )

    def _look(self, targets: set[Target]) -> None:
        """At what changed, at what was still growing a moment ago, and at everything when it is time."""
        clock = time.monotonic()
        if clock >= self._full_scan_at:
            result = self._scan(EVERYTHING, retry_errors=self._full_scan_at == 0.0)
            self._full_scan_at = time.monotonic() + self._interval(result.folders)
            return
        grown = {(folder, False) for folder, at in self._unsettled.items() if at <= clock}
        for target in collapse(targets | grown):
            self._scan(target)

    def _interval(self, folders: int) -> float:
        """Until the next full scan: it only is a safety net where every folder is watched."""
        blind = self._polling or watched_folders() < folders
        if blind and not self._blind:
            log.warning(
                "not every folder of the library can be watched: changes by others are seen within %d s. "
                "On a local disk, raise fs.inotify.max_user_watches and max_user_instances.",
                self.poll_s,
            )
        self._blind = blind
        return self.poll_s if blind else self.full_scan_s

    def _scan(self, target: Target, retry_errors: bool = False) -> ScanResult:
        folder, deep = target
        with self.board.told(from_nothing=retry_errors):
            result = scan(
                self.db,
                self.library,
                PurePosixPath(from_text(folder)),
                on_progress=self.board.at,
                stop=self._stop,
                deep=deep,
                settle_s=self.settle_s,
                retry_errors=retry_errors,
            )
        done = [one for one in self._unsettled if covers(target, (one, False))]
        for one in done:
            del self._unsettled[one]
        self._unsettled |= dict.fromkeys(result.unsettled, time.monotonic() + self.settle_s)
        if result.added or result.changed or result.renamed or result.removed:
            log.info("library: %s", result)
        return result


def collapse(targets: Iterable[Target]) -> list[Target]:
    """The smallest set of folders that covers all of these."""
    kept: list[Target] = []
    for target in sorted(set(targets), key=lambda one: (one[0].count("/"), one[0], not one[1])):
        if not any(covers(other, target) for other in kept):
            kept.append(target)
    return kept if len(kept) <= MANY else [EVERYTHING]


def covers(target: Target, other: Target) -> bool:
    """Whether looking at `target` is looking at `other` too."""
    folder, deep = target
    if deep:
        return folder == "" or other[0] == folder or other[0].startswith(f"{folder}/")
    return other == target


def is_unseen(folder: Path, mounts: Path = Path("/proc/mounts")) -> bool:
    """Whether this folder is on a disk that can change without the kernel's knowing."""
    kind, longest = "", -1
    text = mounts.read_text(errors="surrogateescape") if mounts.exists() else ""
    for line in text.splitlines():
        _, mount_point, file_system, *_ = line.split(" ")
        at = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), mount_point))
        if folder.is_relative_to(at) and len(at.parts) >= longest:
            kind, longest = file_system, len(at.parts)
    return kind in UNSEEN or kind.startswith("fuse.")


def _target(library: Path, path: str) -> Target | None:
    """Where to look because of an event at `path`; None for what is not music."""
    relative = Path(path).relative_to(library)
    try:
        is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
        is_gone = False
    except OSError:
        is_folder, is_gone = False, True
    if relative.suffix[1:].lower() in EXTENSIONS and not is_folder:
        return (to_text("/".join(relative.parts[:-1])), False)
    # Of what is gone nobody knows any more whether it was a folder.
    return (to_text("/".join(relative.parts)), True) if is_folder or is_gone else None


def _folder_id(folder: Path) -> tuple[int, int] | None:
    try:
        facts = folder.stat()
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino)


def watched_folders() -> float:
    """How many folders the kernel watches for us. At its limit it leaves some out and says nothing."""
    try:
        infos = list(Path("/proc/self/fdinfo").iterdir())
    except OSError:
        return math.inf
    return sum(_watches_in(info) for info in infos)


def _watches_in(info: Path) -> int:
    try:
        return info.read_text().count("inotify wd")
    except OSError:
        return 0
