"""The folders: may we write there, is it the right disk, is there room, who else can look into them."""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from app.checks.findings import Finding, ok, wrong
from app.errors import Failure
from app.library.folder import MARKER, RECORD, check_mounted
from app.library.patience import answered
from app.settings import Settings

FREE_BYTES = 1_000_000_000
COUNT_S = 5.0
NEARLY = 0.8
MAX_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
_PROBE = ".inlay-doctor-"


def folders(settings: Settings) -> tuple[tuple[str, Path], ...]:
    return (("data", settings.data_dir), ("staging", settings.staging), ("library", settings.library_dir))


def check_folders(settings: Settings) -> Iterator[Finding]:
    for name, folder in folders(settings):
        yield _asked(name, folder, partial(_folder, name, folder, _write_a_file))


def check_folders_quickly(settings: Settings) -> Iterator[Finding]:
    """The same without writing: a healthcheck must not wear a memory card out."""
    for name, folder in folders(settings):
        yield _asked(name, folder, partial(_folder, name, folder, _may_write))


def _asked(name: str, folder: Path, look: Callable[[], Finding]) -> Finding:
    try:
        found = answered(folder, look)
    except Failure:
        return wrong("library-not-answering", f"{name} folder", f"{folder} does not answer")
    assert found
    return found


def _folder(name: str, folder: Path, write: Callable[[Path], object]) -> Finding:
    check = f"{name} folder"
    nearest = next(one for one in (folder, *folder.parents) if one.exists())
    try:
        write(nearest)
        free = shutil.disk_usage(nearest).free
    except OSError as error:
        return wrong(f"{name}-not-writable", check, f"{folder} cannot be written ({error.strerror})")
    if free < FREE_BYTES:
        return wrong(f"{name}-low-space", check, f"{folder}: {free / 1e9:.1f} GB free")
    return ok(check, f"{folder}: writable, {free / 1e9:.0f} GB free")


def _write_a_file(folder: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=folder, prefix=_PROBE):
        pass


def _may_write(folder: Path) -> None:
    if not folder.is_dir():
        raise NotADirectoryError(0, "not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(0, "no right to write")


def check_marker(settings: Settings) -> Iterator[Finding]:
    if not (settings.data_dir / RECORD).exists():
        yield ok("library marker", "not made yet")
        return
    try:
        check_mounted(settings.library_dir, settings.data_dir)
        yield ok("library marker", f"{settings.library_dir / MARKER} is the one that is known")
    except Failure as failure:
        yield wrong("library-not-mounted", "library marker", failure.message)


def check_library_disk(settings: Settings) -> Iterator[Finding]:
    """How safely names are taken there, and whether the kernel tells of changes."""
    from app.library.watch import is_unseen

    library = settings.library_dir
    if not library.is_dir() or not os.access(library, os.W_OK):
        return
    try:
        way = answered(library, lambda: _safest_move(library))
        folders = answered(library, lambda: _count_folders(library)) or 0
    except Failure:
        return
    except OSError as error:
        yield wrong("library-not-writable", "library disk", f"{library} cannot be written ({error.strerror})")
        return
    staging = settings.staging
    apart = staging.exists() and staging.stat().st_dev != library.stat().st_dev
    where = "another disk than the staging folder" if apart else "the staging folder's disk"
    if way:
        yield ok("library disk", f"{where}; {way}")
    else:
        yield wrong("library-no-safe-move", "library disk", f"{where}; names are taken in two steps")
    if is_unseen(library.resolve()):
        yield wrong(
            "library-changes-unseen", "library watching", f"{folders} folders, looked at once a minute"
        )
        return
    most = _max_watches()
    if most and folders > NEARLY * most:
        yield wrong("inotify-low", "library watching", f"{folders} folders, the kernel watches {most}")
    else:
        yield ok("library watching", f"{folders} folders, the kernel watches {most or 'many'}")


def _safest_move(library: Path) -> str:
    """Tried out in a folder of its own, which goes again. Empty: neither way works there."""
    from app.library.moves import by_link, by_renameat2

    with tempfile.TemporaryDirectory(dir=library, prefix=_PROBE) as place:
        folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for way, words in ((by_renameat2, "renames without replacing"), (by_link, "makes hard links")):
                Path(place, "from").write_bytes(b"")
                try:
                    way(folder, "from", "to")
                except OSError:
                    continue
                return words
        finally:
            os.close(folder)
    return ""


def _count_folders(library: Path) -> int:
    """As many as are found in some seconds."""
    found, until = 0, time.monotonic() + COUNT_S
    for _ in os.walk(library):
        found += 1
        if time.monotonic() > until:
            break
    return found


def _max_watches() -> int:
    try:
        return int(MAX_WATCHES.read_text())
    except (OSError, ValueError):
        return 0


def check_privacy(settings: Settings) -> Iterator[Finding]:
    """Who else can look into the data folder, and whose its files are."""
    from app.library.watch import is_unseen

    data = settings.data_dir
    if data.resolve().is_relative_to(settings.library_dir.resolve()):
        yield wrong("data-inside-library", "privacy", f"{data} is inside {settings.library_dir}")
    if not data.is_dir():
        return
    files = [data / "secret", settings.database_file, Path(f"{settings.database_file}-wal")]
    there = [file for file in files if file.exists()]
    foreign = [file.name for file in there if not os.access(file, os.R_OK | os.W_OK)]
    shut = _mode(data) & 0o077 == 0
    secret = data / "secret"
    if foreign:
        yield wrong("data-owned-by-others", "privacy", f"not ours to write: {', '.join(foreign)}")
    elif not shut and secret.exists() and _mode(secret) & 0o077:
        # In a folder that nobody else can enter it would be private, too.
        yield wrong("secret-open-to-others", "privacy", f"{secret} has mode {_mode(secret):o}")
    elif not shut:
        yield wrong("data-open-to-others", "privacy", f"{data} has mode {_mode(data):o}")
    else:
        yield ok("privacy", "the data folder is ours alone")
    if is_unseen(data.resolve()):
        yield wrong("data-on-network-disk", "data disk", f"{data} is on a network or FUSE disk")


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)
