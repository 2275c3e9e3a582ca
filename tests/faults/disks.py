"""Disks of other kinds than this machine's own: small, read-only, without hard links, and hanging."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

MAKING = {"exfat": ["mkfs.exfat"], "ntfs": ["mkntfs", "-F", "-Q", "-q"]}
MOUNTING = {"exfat": ["mount.exfat-fuse"], "ntfs": ["ntfs-3g"]}
MIB = 1024 * 1024


@contextmanager
def fuse_disk(folder: Path, kind: str, size_mib: int = 16) -> Iterator[Path]:
    """A disk as a stick or an external drive has it. Skips the test where none can be mounted."""
    image, disk = folder / f"{kind}.img", folder / kind
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(size_mib * MIB)
    device = _run("losetup", "--find", "--show", str(image)).strip()
    try:
        _run(*MAKING[kind], device)
        _run(*MOUNTING[kind], device, str(disk))
        try:
            yield disk
        finally:
            unmount(disk)
    finally:
        # The daemon lets go of the device a moment after the disk is gone.
        for _ in range(50):
            if subprocess.run(["losetup", "--detach", device], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)


def mount_again(disk: Path) -> None:
    """Taken out and put in again: whatever was not on the disk is forgotten."""
    lines = (line.split(" ") for line in Path("/proc/mounts").read_text().splitlines())
    [device] = [device for device, at, *_ in lines if at == str(disk)]
    unmount(disk)
    # A program serves it, which ends a moment after.
    for _ in range(50):
        if not Path("/sys/block", Path(device).name, "holders").exists() or _is_free(device):
            break
        time.sleep(0.1)
    _run(*MOUNTING[disk.name], device, str(disk))


def _is_free(device: str) -> bool:
    """Nobody has it open alone."""
    with suppress(OSError):
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL))
        return True
    return False


@contextmanager
def small_disk(folder: Path, size_kib: int = 8_000, inodes: int = 0) -> Iterator[Path]:
    """A disk in memory, of this size."""
    folder.mkdir()
    options = f"size={size_kib}k" + (f",nr_inodes={inodes}" if inodes else "")
    _run("mount", "-t", "tmpfs", "-o", options, "none", str(folder))
    try:
        yield folder
    finally:
        unmount(folder)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """The disk that this folder is on looks read-only from here."""
    _run("mount", "--bind", str(folder), str(folder))
    try:
        _run("mount", "-o", "remount,bind,ro", str(folder))
        yield
    finally:
        unmount(folder)


@contextmanager
def bound(disk: Path, folder: Path) -> Iterator[None]:
    """The disk is at this folder, too."""
    folder.mkdir(exist_ok=True)
    _run("mount", "--bind", str(disk), str(folder))
    try:
        yield
    finally:
        unmount(folder)


@contextmanager
def hanging(disk: Path) -> Iterator[None]:
    """Nobody answers for this FUSE disk, as when a server or a cable is gone."""
    daemon = daemon_of(disk)
    os.kill(daemon, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(daemon, signal.SIGCONT)


def daemon_of(disk: Path) -> int:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if words[0].endswith((b"exfat-fuse", b"ntfs-3g")) and os.fsencode(disk) in words:
                    return int(folder.name)
    raise AssertionError(f"no daemon of {disk}")


def unmount(folder: Path) -> None:
    subprocess.run(["umount", str(folder)], capture_output=True)
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True)


def _run(*command: str) -> str:
    """Only what may be forbidden here, not what is wrong, skips the test."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip(f"this needs {command[0]}")
    if done.returncode != 0 and not command[0].startswith("mk"):
        pytest.skip(f"this machine mounts no such disk: {done.stderr.strip()[:200]}")
    assert done.returncode == 0, done.stderr
    return done.stdout
