"""SQLite, the database, and its backups."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

from app.checks.findings import Finding, ok, wrong
from app.errors import InlayError
from app.settings import Settings

GOOD = (3, 51, 3)
GOOD_BRANCH = (3, 50, 7)
"""The only older one with the correction."""
OLD = timedelta(days=2)
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_sqlite(settings: Settings) -> Iterator[Finding]:
    found = sqlite3.sqlite_version_info
    good = found >= GOOD or GOOD_BRANCH <= found < (3, 51)
    text = sqlite3.sqlite_version
    yield ok("SQLite", text) if good else wrong("sqlite-wal-bug", "SQLite", text)


def check_database(settings: Settings) -> Iterator[Finding]:
    """All of it is read."""
    from app import opening, soundness

    file = settings.database_file
    try:
        opening.check(file)
    except InlayError as error:
        yield wrong("database-not-usable", "database", error.message)
        return
    if not file.exists():
        yield ok("database", "not made yet")
        return
    yield _version(soundness.look_at(file, None).version, f"whole, {file.stat().st_size / 1e6:.1f} MB")
    yield from _backups(settings)
    yield from _setup(settings)


def check_database_quickly(settings: Settings) -> Iterator[Finding]:
    """Can it be opened and asked? That costs the same for each size."""
    from app import soundness

    file = settings.database_file
    if not file.exists():
        yield wrong("database-not-usable", "database", f"{file} is not there")
        return
    found = soundness.look_at(file, None)
    if found.kind == "sound":
        yield _version(found.version, "can be read")
    else:
        yield wrong("database-not-usable", "database", f"{found.kind}: {found.trouble}")


def _version(current: str | None, text: str) -> Finding:
    from app import soundness

    newest = soundness.newest_version()
    if current and current > newest:
        return wrong("database-newer", "database", f"version {current}, this one knows {newest}")
    later = "" if current == newest else f", will become {newest}"
    return ok("database", f"{text}, version {current}{later}")


def _backups(settings: Settings) -> Iterator[Finding]:
    from app import backup

    file = settings.database_file
    copy, number = backup.newest_good(file), len(backup.copies(file))
    if copy is None:
        text = f"{number}, none of them good" if number else "none yet"
        yield wrong("backup-missing", "backups", text) if number else ok("backups", text)
        return
    changed = max(
        datetime.fromtimestamp(one.stat().st_mtime, UTC)
        for one in (file, backup.journal_of(file))
        if one.exists() and (one == file or one.stat().st_size)
    )
    text = f"{number}, the newest good one of {copy.taken_at:%Y-%m-%d %H:%M} UTC"
    if changed - copy.taken_at > OLD:
        yield wrong("backup-old", "backups", text)
    else:
        yield ok("backups", text)


def _setup(settings: Settings) -> Iterator[Finding]:
    from app import soundness

    if settings.host in LOOPBACK:
        return
    with suppress(sqlite3.Error), closing(soundness.connect(settings.database_file)) as connection:
        if connection.execute("SELECT 1 FROM users LIMIT 1").fetchone() is None:
            yield wrong("setup-open", "users", f"none yet, and Inlay listens on {settings.host}")
