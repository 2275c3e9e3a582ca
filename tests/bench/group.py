"""A control group: a board of so much memory and so much of a core, where this machine lets us make one."""

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PERIOD_US = 100_000
MOUNT = Path("/sys/fs/cgroup")


class Group:
    """Raises OSError when there is none to be had. Both versions of the kernel's interface are known."""

    def __init__(self, memory_bytes: int, cores: float) -> None:
        quota = int(cores * PERIOD_US)
        name = f"inlay-board-{os.getpid()}"
        unified = MOUNT / "cgroup.controllers"
        self._second = unified.exists() and {"memory", "cpu"} <= set(unified.read_text().split())
        if self._second:
            self._memory = self._cpu = MOUNT / name
            limits = {"memory.max": memory_bytes, "memory.swap.max": 0, "cpu.max": f"{quota} {PERIOD_US}"}
        else:
            self._memory, self._cpu = MOUNT / "memory" / name, MOUNT / "cpu" / name
            limits = {"memory.limit_in_bytes": memory_bytes, "cpu.cfs_quota_us": quota}
        self._limits = limits

    def __enter__(self) -> Self:
        if self._second:
            with suppress(OSError):
                (MOUNT / "cgroup.subtree_control").write_text("+memory +cpu")
        for folder in {self._memory, self._cpu}:
            folder.mkdir()
        for name, value in self._limits.items():
            folder = self._cpu if name.startswith("cpu.") else self._memory
            # Without swap there is no file for it.
            with suppress(FileNotFoundError if "swap" in name else ()):
                (folder / name).write_text(str(value))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for folder in {self._memory, self._cpu}:
            with suppress(OSError):
                folder.rmdir()

    @property
    def launcher(self) -> list[str]:
        """Before a command: the command and all that it starts belong to the group."""
        joins = "; ".join(f"echo $$ > {folder}/cgroup.procs" for folder in {self._memory, self._cpu})
        return ["sh", "-ec", f'{joins}; exec "$@"', "sh"]

    @property
    def killed(self) -> int:
        """Processes that the kernel ended because the group's memory was full."""
        file = "memory.events" if self._second else "memory.oom_control"
        words = dict(line.split() for line in (self._memory / file).read_text().splitlines())
        return int(words["oom_kill"])

    @property
    def peak_mb(self) -> float:
        """The most memory that the group had, with the files that were read and written."""
        file = "memory.peak" if self._second else "memory.max_usage_in_bytes"
        return int((self._memory / file).read_text()) / 2**20

    @property
    def throttled_s(self) -> float:
        """How long its processes had to wait because their share of the core was used up."""
        words = dict(line.split() for line in (self._cpu / "cpu.stat").read_text().splitlines())
        if self._second:
            return int(words["throttled_usec"]) / 1e6
        return int(words["throttled_time"]) / 1e9
