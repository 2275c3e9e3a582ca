"""The programs that Inlay starts or loads, and what lookups need."""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from app.checks.findings import Finding, ok, wrong
from app.errors import InlayError
from app.settings import Settings


def check_ffmpeg(settings: Settings) -> Iterator[Finding]:
    from app.audio import ffmpeg

    try:
        path = ffmpeg.find_ffmpeg()
        yield ok("ffmpeg", f"{ffmpeg.version(path)} ({path})")
    except InlayError:
        yield wrong("ffmpeg-missing", "ffmpeg", "not usable")


def check_yt_dlp(settings: Settings) -> Iterator[Finding]:
    from app.freshness.health import Health
    from app.serve import YT_DLP

    found = version("yt-dlp")
    if found != YT_DLP:
        yield wrong("yt-dlp-other-version", "yt-dlp", f"{found}, wanted {YT_DLP}")
        return
    health = Health(settings)
    yield wrong("yt-dlp-old", "yt-dlp", health.text) if health.is_old else ok("yt-dlp", health.text)
    for trouble in health.troubles():
        yield wrong(trouble.code, "yt-dlp: newer ones", trouble.text)


def check_javascript(settings: Settings) -> Iterator[Finding]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if shutil.which("deno", path=path):
        yield ok("JavaScript engine", f"deno {version('deno')}")
    else:
        yield wrong("javascript-missing", "JavaScript engine", "none found")


def check_fingerprints(settings: Settings) -> Iterator[Finding]:
    from app.audio import fingerprint

    if settings.fingerprints == "off":
        yield ok("fingerprints", "off")
    elif fingerprint.is_possible():
        yield ok("fingerprints", f"of {settings.fingerprints} tracks")
    elif settings.fingerprints == "all":
        yield wrong("fingerprints-missing", "fingerprints", "fpcalc is not installed")
    else:
        yield ok("fingerprints", "none: fpcalc is not installed")


def check_lookups(settings: Settings) -> Iterator[Finding]:
    """Nobody is asked anything here. Keys and contact are there, or the settings would have been refused."""
    from app.lookups import fingerprint

    yield ok("lookups", ", ".join(settings.lookups) or "off")
    if "acoustid" not in settings.lookups:
        return
    if fingerprint.is_possible():
        yield ok("lookups: fpcalc", "installed")
    else:
        yield wrong("fpcalc-missing", "lookups: fpcalc", "not installed")
