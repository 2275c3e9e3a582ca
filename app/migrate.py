"""Brings the database to this version's schema, with a backup before the first pending step."""

import logging
import subprocess
import sys
from pathlib import Path

from app.backup import back_up
from app.errors import InlayError
from app.resources import folder
from app.soundness import look_at, newest_version

log = logging.getLogger("inlay.migrate")

_STEPS = "import sys; sys.path.insert(0, sys.argv[1]); from app import migrate; migrate.upgrade(sys.argv[2])"


def version_of(database: Path) -> str | None:
    """The version that a database file has; None for a new one. Raises InlayError for a damaged one."""
    if not database.exists():
        return None
    found = look_at(database, None)
    if found.kind != "sound":
        word = {"damaged": "is damaged", "unreadable": "cannot be read", "busy": "is busy"}[found.kind]
        raise InlayError(f"The database {database} {word} ({found.trouble}). Nothing was changed.")
    return found.version


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
    # Isolated from the folder it is started in, but with the code that runs here.
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-I", "-c", _STEPS, root, str(database)], capture_output=True, text=True, cwd="/"
    )
    if done.returncode:
        raise InlayError(f"The database could not be migrated to {wanted}: {done.stderr.strip()[-2000:]}")


def upgrade(database: str) -> None:
    """Run Alembic here. For the process that `migrate` starts."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder("migrations")).replace("%", "%%"))
    config.attributes["database"] = Path(database)
    command.upgrade(config, "head")
