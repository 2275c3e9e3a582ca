"""The sweep of errors with a library on an exFAT stick: no hard links, no rename that refuses to replace."""

from pathlib import Path

from tests.faults.conftest import Installed
from tests.faults.disks import fuse_disk
from tests.faults.sweeps import BY_TURNS, ground_in, needs_strace, sweep


@needs_strace
def test_on_exfat_it_arrives_whole_or_not_at_all_whatever_fails_around_the_move(
    tmp_path: Path, installed: Installed
) -> None:
    with fuse_disk(tmp_path, "exfat", size_mib=64) as stick:
        swept = sweep(ground_in(tmp_path, installed, stick / "music"), f"KILL,{BY_TURNS}", near="renameat")
    assert {"renameat2", "renameat"} <= swept.names
    assert swept.trials > 15
