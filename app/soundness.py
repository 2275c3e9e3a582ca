"""Is a file a whole database of ours? Looked at before it is used, and before it is kept or brought back."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from app.resources import folder

WAIT_S = 10
Check = Literal["quick_check", "integrity_check"]
Kind = Literal["sound", "damaged", "unreadable", "busy"]

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@dataclass(frozen=True)
class Verdict:
    """`version` is None when the file holds no tables of ours; `trouble` is what SQLite says is wrong."""

    kind: Kind
    version: str | None = None
    trouble: str = ""


def newest_version() -> str:
    """The version that this program wants: the file name of the last migration step begins with it."""
    return max(file.stem.split("_")[0] for file in (folder("migrations") / "versions").glob("[0-9]*.py"))


def look_at(file: Path, check: Check | None = "quick_check", *, still: bool = False) -> Verdict:
    """Read a database file, all of it with a check. What it holds stays as it is.

    `quick_check` reads every page (0.13 s for 100 MB on our machine); `integrity_check` also compares each
    index with its table (0.6 s). `still`: nobody writes this file, so SQLite need put no files beside it.
    """
    try:
        with closing(connect(file, still=still)) as connection:
            if check:
                found = connection.execute(f"PRAGMA {check}(1)").fetchone()
                if found != ("ok",):
                    return Verdict("damaged", trouble=str(found[0]).splitlines()[-1].rpartition("*** ")[2])
            return Verdict("sound", _version(connection))
    except sqlite3.Error as error:
        return Verdict(_kind(error), trouble=str(error))


def is_good(file: Path) -> bool:
    """Can this copy be brought back: whole, ours, and not from a newer Inlay?"""
    found = look_at(file, still=True)
    return found.kind == "sound" and found.version is not None and found.version <= newest_version()


def connect(file: Path, *, still: bool = False) -> sqlite3.Connection:
    """A connection to a file that is there; none is made."""
    mode = "mode=ro&immutable=1" if still else "mode=rw"
    return sqlite3.connect(f"file:{quote(str(file))}?{mode}", uri=True, timeout=WAIT_S)


def _version(connection: sqlite3.Connection) -> str | None:
    tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
    if tables.fetchone() is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def _kind(error: sqlite3.Error) -> Kind:
    code = primary_code(error)
    if code in _DAMAGE:
        return "damaged"
    return "busy" if code in _IN_USE else "unreadable"


def primary_code(error: BaseException | None) -> int | None:
    """SQLite's result code without its refinements, such as SQLITE_FULL."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None
