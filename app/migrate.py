"""Brings the database to this version's schema, with a backup before the first pending step."""

import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from app.errors import InlayError
from app.resources import folder

log = logging.getLogger("inlay.migrate")


_UPGRADE = "import sys; sys.path.insert(0, sys.argv[1]); from app.migrate import upgrade; upgrade()"


def newest_version() -> str:
    """The version that this program wants: the file name of the last migration step begins with it."""
    return max(file.stem.split("_")[0] for file in (folder("migrations") / "versions").glob("[0-9]*.py"))


def version_of(database: Path) -> str | None:
    """The version that a database file has; None for a new one. Raises InlayError for a damaged one."""
    if not database.exists():
        return None
    try:
        with closing(sqlite3.connect(database)) as connection:
            tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
            if tables.fetchone() is None:
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return str(row[0]) if row else None
    except sqlite3.DatabaseError as error:
        raise InlayError(
            f"The database {database} is damaged ({error}). Nothing was changed. "
            f"Put a backup from {database.parent / 'backups'} in its place and start again."
        ) from error


def migrate(database: Path) -> None:
    """Run the pending steps, if any. Alembic runs in a process of its own: 12 MB less in ours."""
    current, wanted = version_of(database), newest_version()
    if current == wanted:
        return
    if current is not None and current > wanted:
        raise InlayError(
            f"The database is from a newer Inlay ({current}, this one knows {wanted}). Update Inlay."
        )
    if current is not None:
        log.info("backup before migration: %s", back_up(database, f"before-{wanted}"))
    # The code of this very folder, also where another Inlay is installed in the same environment.
    here = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-I", "-c", _UPGRADE, here, str(database)],
        capture_output=True,
        text=True,
        cwd="/",
    )
    if done.returncode:
        raise InlayError(f"The database could not be migrated to {wanted}: {done.stderr.strip()[-2000:]}")


def back_up(database: Path, reason: str) -> Path:
    """A consistent copy in `backups/` beside the database, safe while it is in use."""
    backups = database.parent / "backups"
    backups.mkdir(mode=0o700, exist_ok=True)
    target = backups / f"inlay-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{reason}.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    return target


def upgrade() -> None:
    """What the process of its own does; its second argument is the database."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder("migrations")).replace("%", "%%"))
    config.attributes["database"] = Path(sys.argv[2])
    command.upgrade(config, "head")
