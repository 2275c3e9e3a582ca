"""yt-dlp's versions: the day of a release, and more numbers for what came out later on that day."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import version
from urllib.parse import urlsplit

STABLE, NIGHTLY, BUNDLED = "stable", "nightly", "bundled"
CHANNELS = (STABLE, NIGHTLY, BUNDLED)
OLD_DAYS = 60
"""Sites change: what is older than this is worth a word."""

# 2026.10.26, 2026.10.26.1, and a nightly 2026.10.26.220202.dev0. Also the name of a folder, so: nothing else.
PATTERN = re.compile(r"(20\d\d\.\d{1,2}\.\d{1,2}(?:\.\d{1,6})?)(?:\.(dev)\d{1,4})?", re.ASCII)


@dataclass(frozen=True, order=True)
class Version:
    """Newer is greater."""

    numbers: tuple[int, ...]
    is_final: bool
    """Not a nightly."""
    text: str = field(compare=False)

    @property
    def age_days(self) -> int:
        return max(0, (datetime.now(UTC).date() - date(*self.numbers[:3])).days)


def read(text: str) -> Version | None:
    """None for what is not a version as yt-dlp writes them. `text` is kept without leading zeros."""
    found = PATTERN.fullmatch(text)
    if not found:
        return None
    numbers = tuple(int(part) for part in found[1].split("."))
    try:
        date(*numbers[:3])
    except ValueError:
        return None
    tail = text[len(found[1]) :]
    return Version(numbers, not found[2], ".".join(map(str, numbers)) + tail)


@cache
def bundled() -> Version:
    """The one that Inlay was installed with."""
    found = read(version("yt-dlp"))
    if found is None:
        raise RuntimeError("the installed yt-dlp has no version that can be read")
    return found


def is_safe_index(url: str) -> bool:
    """What an index says is believed, so nobody on the way may change it: https, or this machine itself."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    )
