"""What a child puts itself under before it touches a stranger's byte: limits, low priority, Landlock."""

import contextlib
import ctypes
import os
import platform
import resource
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from app.children import landlock

if TYPE_CHECKING:
    from app.children.limits import Limits, Reach

SET_PARENT_DEATH_SIGNAL = 1
SET_NAME = 15
OOM_SCORE = 500
CPU_GRACE_S = 5

# ioprio_set by machine: for 64-bit programs, and for 32-bit ones, which may run on the same kernel.
SET_IO_PRIORITY = {
    "x86_64": (251, 289),
    "i686": (289, 289),
    "aarch64": (30, 314),
    "armv7l": (314, 314),
    "armv6l": (314, 314),
    "riscv64": (30, 30),
}
THIS_PROCESS = 1
LAST_OF_BEST_EFFORT = 2 << 13 | 7

_starting = threading.Lock()


class OutOfCpu(BaseException):
    """Computed for longer than allowed. No Exception: nothing on the way up may take it for a bad page."""


def confine(limits: "Limits") -> None:
    """Put this process, and what it will start, under these limits. Call it while there is one thread."""
    _step_back(limits.get("nice", 0))
    _limit(limits)
    if (reach := limits.get("reach")) is not None:
        _stay_within(reach)


def wake_when_parent_ends() -> None:
    """Stopped (SIGSTOP), this process could not see that its parent is gone, and would stay for ever.

    Not SIGKILL: the signal also comes when only the thread ends that started this process.
    """
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGCONT, 0, 0, 0)


def be_called(name: str) -> None:
    """What `ps` and `top` show for this process; the kernel keeps 15 bytes of it."""
    ctypes.CDLL(None).prctl(SET_NAME, name.encode(), 0, 0, 0)


def be_killed_first() -> None:
    """When the machine runs out of memory, this process goes, and not the server."""
    file = Path("/proc/self/oom_score_adj")
    # Where that cannot be, nothing else depends on it.
    with contextlib.suppress(OSError):
        file.write_text(str(min(1000, int(file.read_text()) + OOM_SCORE)))


@contextlib.contextmanager
def room_for_a_program() -> Iterator[None]:
    """What is started inside gets `program_bytes`; this process has that for the moment, too."""
    with _starting:
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _step_back(nice: int) -> None:
    if not nice:
        return
    os.nice(nice)
    # A child is a session of its own: where the kernel weighs sessions (autogroup), nice alone is nothing.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(nice))
    numbers = SET_IO_PRIORITY.get(platform.machine())
    if numbers:
        number = numbers[0] if sys.maxsize > 2**32 else numbers[1]
        ctypes.CDLL(None).syscall(number, THIS_PROCESS, 0, LAST_OF_BEST_EFFORT)


def _limit(limits: "Limits") -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Python ignores SIGXFSZ, so a file that grows too large is a plain OSError here.
    _set(resource.RLIMIT_FSIZE, limits.get("file_bytes"))
    _set(resource.RLIMIT_NOFILE, limits.get("open_files"))
    if stack_bytes := limits.get("stack_bytes"):
        resource.setrlimit(resource.RLIMIT_STACK, (stack_bytes, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    if cpu_s := limits.get("cpu_s"):
        signal.signal(signal.SIGXCPU, _out_of_cpu)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + CPU_GRACE_S))
    if more_bytes := limits.get("memory_bytes"):
        most = _private_bytes() + more_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (most, max(most, limits.get("program_bytes", 0))))


def _set(kind: int, wanted: int | None) -> None:
    if wanted is None:
        return
    _, hard = resource.getrlimit(kind)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (most, most))


def _private_bytes() -> int:
    """What counts for RLIMIT_DATA: all memory of this process that it may write and shares with nobody."""
    return int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()


def _out_of_cpu(number: int, frame: FrameType | None) -> None:
    raise OutOfCpu


def _stay_within(reach: "Reach") -> None:
    folder = next((path for path in reach["writes"] if Path(path).is_dir()), None)
    if folder:
        os.chdir(folder)
        os.environ["TMPDIR"] = folder
    landlock.restrict(
        reads=reach["reads"],
        writes=reach["writes"],
        programs=_found(reach["programs"]),
        port=reach["port"],
    )


def _found(programs: list[str]) -> Iterator[str]:
    """Names are looked up as this process itself would, paths are taken as they are."""
    for program in programs:
        found = program if os.path.isabs(program) else shutil.which(program)
        if found:
            yield os.path.realpath(found)
