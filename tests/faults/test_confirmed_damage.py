"""A file that turns out to be damaged after its confirm: the person hears why, not what followed from it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from app.downloads.convert import Converter
from app.downloads.progress import ProgressBoard
from tests.conftest import Installed
from tests.faults.sweeps import ground_in


def test_a_conversion_behind_a_confirm_fails_with_its_own_sentence(
    tmp_path: Path, installed: Installed
) -> None:
    ground = ground_in(tmp_path, installed)
    ground.reset()
    with closing(sqlite3.connect(ground.data / "inlay.db", isolation_level=None)) as database:
        database.execute("update staged_tracks set conversion = 'waiting', converted_file = null")
        [(track_id, name)] = database.execute("select id, source_file from staged_tracks").fetchall()
    source = ground.staged / name
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    rings: list[tuple[str, str]] = []
    object.__setattr__(ground.services, "ring", lambda name, id: rings.append((name, id)))
    Converter(ground.services, ProgressBoard(ground.services.settings.staging)).convert(track_id)
    row = ground.row()
    assert row["state"] == "failed"
    assert "could be read: the file is damaged" in row["failure_message"]
    assert ("finalize", ground.id) not in rings
