"""Giving a complete file its name without ever replacing another, on any kind of disk."""

import ctypes
import errno
import os
from collections.abc import Callable

RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
# What a disk says that does not know one way of doing it: the next way is tried.
UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM, errno.EXDEV}

_libc = ctypes.CDLL(None, use_errno=True)


def by_renameat2(
    folder: int, part: str, name: str, into: int | None = None, how: int = RENAME_NOREPLACE
) -> None:
    rename = getattr(_libc, "renameat2", None)
    if rename is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    target = folder if into is None else into
    if rename(folder, os.fsencode(part), target, os.fsencode(name), how) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)


def by_link(folder: int, part: str, name: str, into: int | None = None) -> None:
    target = folder if into is None else into
    os.link(part, name, src_dir_fd=folder, dst_dir_fd=target, follow_symlinks=False)
    os.unlink(part, dir_fd=folder)


def by_checked_rename(folder: int, part: str, name: str, into: int | None = None) -> None:
    """For disks that know nothing better, FAT over FUSE for one. Others of us wait for our lock."""
    target = folder if into is None else into
    try:
        os.stat(name, dir_fd=target, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=target)
        return
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)


Way = Callable[..., None]
WAYS: tuple[Way, ...] = (by_renameat2, by_link, by_checked_rename)


def move(folder: int, part: str, name: str, ways: tuple[Way, ...] = WAYS, into: int | None = None) -> None:
    """Give the copy its name, by the first way that this disk knows. FileExistsError when it is taken.

    `into` is the folder that it goes to, if that is another one.
    """
    *first, last = ways
    more = () if into is None else (into,)
    for way in first:
        try:
            return way(folder, part, name, *more)
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise
    return last(folder, part, name, *more)


def exchange(folder: int, one: str, other: str) -> bool:
    """Two files have each other's names afterwards, at no moment neither. False: this disk cannot do it."""
    try:
        by_renameat2(folder, one, other, how=RENAME_EXCHANGE)
    except OSError as error:
        if error.errno in UNSUPPORTED:
            return False
        raise
    return True
