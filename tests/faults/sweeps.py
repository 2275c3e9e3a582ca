"""Asking for a sweep, and judging it. `INLAY_TEST_SWEEP=all` leaves no call out."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.conftest import Installed
from tests.faults.ground import Ground, prepare
from tests.faults.stumbling import EVERYTHING
from tests.faults.world import REPOSITORY

ALL = "KILL,EIO,ENOSPC"
BY_TURNS = "EIO|ENOSPC"

NO_RENAME = "inject=renameat2:error=EINVAL"
"""As on exFAT, NTFS over FUSE, and NFS."""
NO_LINK = "inject=linkat:error=EPERM"
"""As on exFAT."""

MOUNTS_OF_ITS_OWN = ("unshare", "--mount", "--propagation", "private") if os.geteuid() == 0 else ()
"""Where tests beside this one mount disks, the table of them that is read has another length each time."""

needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="this needs strace")


@dataclass(frozen=True)
class Swept:
    calls: list[str]
    trials: int
    states: set[str]
    """That the download was in after a fault, before the restart."""

    @property
    def names(self) -> set[str]:
        return {call.partition("(")[0] for call in self.calls}


def ground_in(folder: Path, installed: Installed, library: Path | None = None) -> Ground:
    library = library or folder / "music"
    library.mkdir(exist_ok=True)
    return prepare(folder, installed, library)


def sweep(
    ground: Ground,
    faults: str,
    *,
    step: str = "finalize",
    always: str = "",
    near: str = "",
    every: int = 1,
) -> Swept:
    """Each call of the step gets those of these faults that it suffers from; with `near`, those around that.

    `A|B` are one fault: every second call gets the one, the others the other. With `every` = 4 only each
    fourth call gets its fault.
    """
    given = ["--faults", ALL if EVERYTHING else faults, "--step", step]
    given += [word for one in always.split() for word in ("--always", one)]
    given += ["--near", near] if near and not EVERYTHING else []
    given += ["--every", str(every)] if not EVERYTHING else []
    program = [*MOUNTS_OF_ITS_OWN, sys.executable, "-m", "tests.faults.sweeping"]
    command = [*program, str(ground.folder), *given]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=4 * 3600)
    assert done.returncode == 0, done.stderr[-4000:]
    first, *trials = [json.loads(line) for line in done.stdout.splitlines()]
    harmed = [trial for trial in trials if trial["problems"]]
    assert not harmed, json.dumps(harmed[:3], indent=1)
    print(f"{len(first['calls'])} calls, {len(trials)} trials")
    return Swept(first["calls"], len(trials), {trial["state"] for trial in trials})
