"""A download takes the place of a track, and gives it back; killed or failing at each file-system call."""

from pathlib import Path

from tests.faults.conftest import Installed
from tests.faults.replacing_ground import prepare_replacing
from tests.faults.sweeps import BY_TURNS, needs_strace, sweep
from tests.faults.undo_replaced_ground import prepare_undo_replaced


@needs_strace
def test_at_any_call_the_track_is_replaced_once_and_the_old_file_kept(
    tmp_path: Path, installed: Installed
) -> None:
    swept = sweep(prepare_replacing(tmp_path, installed), f"KILL|{BY_TURNS}", step="overwrite", every=8)
    assert {"renameat2", "fsync", "flock"} <= swept.names
    assert swept.states >= {"finalizing", "done"}
    assert swept.trials > 25


@needs_strace
def test_at_any_call_of_its_undo_one_of_the_two_is_in_place_and_the_other_kept(
    tmp_path: Path, installed: Installed
) -> None:
    ground = prepare_undo_replaced(tmp_path, installed)
    swept = sweep(ground, f"KILL|{BY_TURNS}", step="undo-overwrite", every=20)
    assert {"renameat2", "fsync", "flock"} <= swept.names
    assert swept.states == {"done", "review"}
    assert swept.trials > 15
