"""A newer Inlay takes over in the middle of work: what the older one had accepted arrives."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config

from app.migrate import newest_version, version_of
from tests.faults.invariants import ends_well
from tests.faults.world import REPOSITORY, Scene
from tests.media.faults import Slow
from tests.running import wait_for

FIRST = "0001"


def test_what_an_older_inlay_had_in_its_queue_arrives_after_the_upgrade(scene: Scene) -> None:
    reviewed = scene.in_review("reviewed")
    scene.until(reviewed, conversion="done")
    for name in ("fetched", "also fetched", "third"):
        scene.hand_in(name, faults=[Slow(20_000)])
    wait_for(lambda: scene.received("fetched") > 30_000)
    scene.kill()
    database = scene.data / "inlay.db"
    as_the_first_version(database)
    assert version_of(database) == FIRST
    scene.site.mend()
    scene.start()
    assert version_of(database) == newest_version()
    [kept] = (scene.data / "backups").glob(f"*before-{newest_version()}*")
    assert version_of(kept) == FIRST
    ends_well(scene)


def as_the_first_version(database: Path) -> None:
    """The same rows in the first version's tables: what those do not have is lost."""
    old = database.with_name("old.db")
    config = Config()
    config.set_main_option("script_location", str(REPOSITORY / "migrations"))
    config.attributes["database"] = old
    command.upgrade(config, FIRST)
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS new", (str(database),))
        for table in columns_by_table(connection, "main"):
            if table == "alembic_version":
                continue
            columns = ", ".join(
                columns_by_table(connection, "main")[table] & columns_by_table(connection, "new")[table]
            )
            connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
    old.replace(database)
    for journal in ("-wal", "-shm"):
        database.with_name(database.name + journal).unlink(missing_ok=True)
        old.with_name(old.name + journal).unlink(missing_ok=True)


def columns_by_table(connection: sqlite3.Connection, schema: str) -> dict[str, set[str]]:
    tables = [
        name
        for (name,) in connection.execute(f"SELECT name FROM {schema}.sqlite_schema WHERE type = 'table'")
    ]
    return {
        table: {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}
        for table in tables
    }
