"""Finalize is killed at each call that changes files: a restart finds all of the file or none of it."""

from pathlib import Path

from tests.faults.conftest import Installed
from tests.faults.sweeps import ground_in, needs_strace, sweep


@needs_strace
def test_killed_at_any_call_it_is_added_once_after_the_restart(tmp_path: Path, installed: Installed) -> None:
    swept = sweep(ground_in(tmp_path, installed), "KILL")
    assert {"mkdirat", "write", "fsync", "renameat2", "pwrite64", "rmdir"} <= swept.names
    assert len(swept.calls) > 200
    assert swept.trials > 80
    assert swept.states >= {"finalizing", "done"}
