"""A download takes the place of a track, and is killed or fails at each of its file-system calls."""

from pathlib import Path

from tests.faults.conftest import Installed
from tests.faults.replacing_ground import prepare_replacing
from tests.faults.sweeps import BY_TURNS, needs_strace, sweep


@needs_strace
def test_at_any_call_the_track_is_replaced_once_and_the_old_file_kept(
    tmp_path: Path, installed: Installed
) -> None:
    swept = sweep(prepare_replacing(tmp_path, installed), f"KILL|{BY_TURNS}", step="overwrite", every=5)
    assert {"renameat2", "fsync", "flock"} <= swept.names
    assert swept.states >= {"finalizing", "done"}
    assert swept.trials > 40
