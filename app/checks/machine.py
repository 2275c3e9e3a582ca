"""The machine and the network: kernel, clock, memory, the guard's port, an upstream proxy."""

import os
import resource
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from app.checks.findings import Finding, ok, wrong
from app.settings import Settings

ENOUGH_BYTES = 300_000_000
PER_WORKER_BYTES = 80_000_000
ENOUGH_FILES = 512
CONNECT_S = 3.0
PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
CGROUP = Path("/sys/fs/cgroup/memory.max")


def check_landlock(settings: Settings) -> Iterator[Finding]:
    from app.children import landlock

    found = landlock.abi()
    if found >= landlock.TCP_SINCE:
        yield ok("Landlock", f"version {found}")
    elif found:
        yield wrong("landlock-files-only", "Landlock", f"version {found}, for files alone")
    else:
        yield wrong("landlock-missing", "Landlock", "not in this kernel")


def check_clock(settings: Settings) -> Iterator[Finding]:
    """Nobody is asked for the time: what we have was made before now."""
    moment = datetime.now(UTC)
    year, month, day = (int(part) for part in version("yt-dlp").split(".")[:3])
    released = datetime(year, month, day, tzinfo=UTC)
    text = f"{moment:%Y-%m-%d %H:%M} UTC"
    if moment < released:
        yield wrong("clock-wrong", "clock", f"{text}, before {released:%Y-%m-%d}")
        return
    with suppress(OSError):
        ahead = settings.database_file.stat().st_mtime - time.time()
        if ahead > timedelta(hours=1).total_seconds():
            yield wrong("clock-went-back", "clock", f"{text}, {ahead / 3600:.0f} hours before the last write")
            return
    yield ok("clock", text)


def check_machine(settings: Settings) -> Iterator[Finding]:
    kernel = os.uname()
    text = f"{kernel.sysname} {kernel.release} {kernel.machine}, {os.cpu_count()} cores"
    if sys.maxsize < 2**32:
        yield wrong("cpu-32-bit", "machine", text)
    else:
        yield ok("machine", text)
    if os.geteuid() == 0:
        yield wrong("runs-as-root", "user", "root")
    memory, workers = _memory_bytes(), settings.workers
    if memory and memory < ENOUGH_BYTES + workers * PER_WORKER_BYTES:
        yield wrong("memory-low", "memory", f"{memory / 1e6:.0f} MB, {workers} downloads at once")
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= files < ENOUGH_FILES:
        yield wrong("open-files-low", "open files", f"{files} at most")


def _memory_bytes() -> int:
    """Of the machine, or less where a control group says so; 0 when nobody says."""
    found = 0
    with suppress(OSError, ValueError):
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):
        # "max" is no number.
        found = min(found, int(CGROUP.read_text()))
    return found


def check_guard(settings: Settings) -> Iterator[Finding]:
    try:
        with socket.create_server(("127.0.0.1", 0)):
            yield ok("egress guard", "can listen on loopback")
    except OSError as error:
        yield wrong("guard-cannot-listen", "egress guard", error.strerror or str(error))


def check_way_out(settings: Settings) -> Iterator[Finding]:
    """Only of what the settings name."""
    if settings.proxy:
        parts = urlsplit(settings.proxy)
        where = f"{parts.hostname}:{parts.port or PORTS[parts.scheme]}"
        try:
            with socket.create_connection(
                (parts.hostname or "", parts.port or PORTS[parts.scheme]), timeout=CONNECT_S
            ):
                yield ok("proxy", f"{where} answers")
        except OSError as error:
            yield wrong("proxy-unreachable", "proxy", f"{where} ({error.strerror or error})")
    if settings.ca_file:
        try:
            ssl.create_default_context(cafile=str(settings.ca_file))
            yield ok("certificates", str(settings.ca_file))
        except (OSError, ssl.SSLError) as error:
            yield wrong("ca-file-unusable", "certificates", f"{settings.ca_file} ({error})")
