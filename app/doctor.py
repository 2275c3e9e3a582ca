"""`inlay doctor`: checks what Inlay needs, and says for each finding what to do."""

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import click

from app.cli import COMMANDS, Environment
from app.errors import InlayError
from app.settings import Settings

SQLITE_GOOD = (3, 51, 3)
FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One check. `level` is ok, warning or problem; `hint` says what to do about the last two."""

    check: str
    level: str
    text: str
    hint: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def check_ffmpeg(settings: Settings) -> Iterator[Finding]:
    from app.audio import ffmpeg

    try:
        path = ffmpeg.find_ffmpeg()
        yield Finding("ffmpeg", "ok", f"{ffmpeg.version(path)} ({path})")
    except InlayError as error:
        yield Finding("ffmpeg", "problem", "not usable", error.message)


def check_yt_dlp(settings: Settings) -> Iterator[Finding]:
    from app.freshness.health import Health
    from app.serve import YT_DLP

    found = version("yt-dlp")
    if found != YT_DLP:
        yield Finding("yt-dlp", "problem", f"{found}, wanted {YT_DLP}", "Install Inlay again.")
        return
    health = Health(settings)
    level = "warning" if health.is_old else "ok"
    yield Finding("yt-dlp", level, health.text, health.advice)
    for trouble in health.troubles():
        yield Finding("yt-dlp: newer ones", "warning", trouble.text, trouble.advice)


def check_javascript(settings: Settings) -> Iterator[Finding]:
    found = shutil.which(
        "deno", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    )
    if found:
        yield Finding("JavaScript engine", "ok", f"deno {version('deno')}")
    else:
        hint = "YouTube needs one: install the deno wheel, or use a machine that it exists for."
        yield Finding("JavaScript engine", "warning", "none found", hint)


def check_landlock(settings: Settings) -> Iterator[Finding]:
    from app.children import landlock

    version = landlock.abi()
    if version >= landlock.TCP_SINCE:
        yield Finding("Landlock", "ok", f"version {version}")
    elif version:
        hint = "Downloads stay in their folders. Linux 6.7 or newer would watch their connections, too."
        yield Finding("Landlock", "warning", f"version {version}, for files alone", hint)
    else:
        hint = "Downloads have one wall less. Where you can, start the kernel with lsm=landlock,… to have it."
        yield Finding("Landlock", "warning", "not in this kernel", hint)


def check_folders(settings: Settings) -> Iterator[Finding]:
    for name, folder in (
        ("data folder", settings.data_dir),
        ("staging folder", settings.staging),
        ("library folder", settings.library_dir),
    ):
        yield _folder(name, folder)


def _folder(name: str, folder: Path) -> Finding:
    nearest = next(one for one in (folder, *folder.parents) if one.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=nearest, prefix=".inlay-doctor-"):
            free = shutil.disk_usage(nearest).free
    except OSError as error:
        hint = "Give the user that runs Inlay the right to write there, or choose another folder."
        return Finding(name, "problem", f"{folder} cannot be written ({error.strerror})", hint)
    if free < FREE_BYTES:
        return Finding(name, "warning", f"{folder}: {free / 1e9:.1f} GB free", "Free some space.")
    return Finding(name, "ok", f"{folder}: writable, {free / 1e9:.0f} GB free")


def check_database(settings: Settings) -> Iterator[Finding]:
    from app import backup, opening, soundness

    found = ".".join(map(str, sqlite3.sqlite_version_info))
    if sqlite3.sqlite_version_info < SQLITE_GOOD:
        hint = "Versions before 3.51.3 have a rare WAL bug. Use a Python with a newer SQLite when you can."
        yield Finding("SQLite", "warning", found, hint)
    else:
        yield Finding("SQLite", "ok", found)
    file = settings.database_file
    try:
        opening.check(file)
    except InlayError as error:
        yield Finding("database", "problem", "not usable", error.message)
        return
    if not file.exists():
        yield Finding("database", "ok", "not made yet")
        return
    current, newest = soundness.look_at(file, None).version, soundness.newest_version()
    text = f"whole, version {current}, {file.stat().st_size / 1e6:.1f} MB"
    yield Finding("database", "ok", text if current == newest else f"{text}, will become {newest}")
    copy = backup.newest_good(file)
    if copy is None:
        hint = "A server that runs makes one a day; `inlay backup FILE` makes one now."
        yield Finding("backups", "warning" if backup.copies(file) else "ok", "no good one yet", hint)
    else:
        text = f"{len(backup.copies(file))}, the newest good one of {copy.taken_at:%Y-%m-%d %H:%M} UTC"
        yield Finding("backups", "ok", text)


def check_lookups(settings: Settings) -> Iterator[Finding]:
    """Nobody is asked anything here: only whether what the services want is there."""
    if not settings.lookups:
        yield Finding("lookups", "ok", "off")
        return
    yield Finding("lookups", "ok", ", ".join(settings.lookups))
    if settings.contact:
        yield Finding("lookups: contact", "ok", settings.contact)
    else:
        hint = "Set INLAY_CONTACT to your e-mail address or the URL of a page about you."
        yield Finding("lookups: contact", "problem", "not set", hint)
    if "acoustid" in settings.lookups:
        yield from _acoustid(settings)


def _acoustid(settings: Settings) -> Iterator[Finding]:
    from app.lookups import fingerprint

    if settings.acoustid_key:
        yield Finding("lookups: key of AcoustID", "ok", "set")
    else:
        hint = "Set INLAY_ACOUSTID_KEY to a free application key from acoustid.org."
        yield Finding("lookups: key of AcoustID", "problem", "not set", hint)
    if fingerprint.is_possible():
        yield Finding("lookups: fpcalc", "ok", "installed")
    else:
        hint = "Install it (Debian: libchromaprint-tools), or take acoustid out of INLAY_LOOKUPS."
        yield Finding("lookups: fpcalc", "problem", "not installed", hint)


CHECKS: tuple[Check, ...] = (
    check_ffmpeg,
    check_yt_dlp,
    check_javascript,
    check_landlock,
    check_folders,
    check_database,
    check_lookups,
)
MARKS = {"ok": "✓", "warning": "!", "problem": "✗"}


@click.command(help=COMMANDS["doctor"][1])
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def doctor(environment: Environment, as_json: bool) -> None:
    findings = [finding for check in CHECKS for finding in check(environment.settings)]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            click.echo(f"{MARKS[finding.level]} {finding.check}: {finding.text}")
            if finding.hint:
                click.echo(f"  → {finding.hint}")
    if any(finding.level == "problem" for finding in findings):
        sys.exit(1)
