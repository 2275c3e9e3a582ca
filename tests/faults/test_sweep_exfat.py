"""Sweeps with library or trash on an exFAT stick: no hard links, no rename that refuses to replace."""

from pathlib import Path

from tests.faults.conftest import Installed
from tests.faults.disks import bound, fuse_disk
from tests.faults.sweeps import BY_TURNS, ground_in, needs_strace, sweep
from tests.faults.trash_ground import prepare_trash
from tests.faults.undo_ground import prepare_undo


@needs_strace
def test_on_exfat_it_arrives_whole_or_not_at_all_whatever_fails_around_the_move(
    tmp_path: Path, installed: Installed
) -> None:
    with fuse_disk(tmp_path, "exfat", size_mib=64) as stick:
        swept = sweep(ground_in(tmp_path, installed, stick / "music"), f"KILL,{BY_TURNS}", near="renameat")
    assert {"renameat2", "renameat"} <= swept.names
    assert swept.trials > 10


@needs_strace
def test_on_exfat_an_undo_is_done_or_not_done_whatever_fails_around_the_move(
    tmp_path: Path, installed: Installed
) -> None:
    with fuse_disk(tmp_path, "exfat", size_mib=64) as stick:
        ground = prepare_undo(tmp_path, installed, stick / "music")
        swept = sweep(ground, f"KILL,{BY_TURNS}", step="undo", near="renameat")
    assert {"renameat2", "renameat"} <= swept.names
    assert swept.states == {"done", "review"}
    assert swept.trials > 10


@needs_strace
def test_with_the_trash_on_exfat_nothing_is_lost_either(tmp_path: Path) -> None:
    ground = prepare_trash(tmp_path)
    with (
        fuse_disk(tmp_path, "exfat", size_mib=64) as stick,
        bound(stick, tmp_path / "home" / "data" / "trash"),
    ):
        swept = sweep(ground, f"KILL|{BY_TURNS}", step="delete", every=4)
    assert swept.states == {"at rest", "under way"}
    assert swept.trials > 40
