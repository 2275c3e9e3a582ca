"""Making one process stumble at one of its system calls, with strace."""

import ctypes
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Everything that a file system may refuse, and closing. Not in it: memory, waiting, and talking to the child,
# which no disk can spoil; what a killed or dead child does is in test_child.py.
CALLS = (
    "open openat creat close read pread64 readv preadv preadv2 write pwrite64 writev pwritev pwritev2 lseek "
    "fsync fdatasync sync_file_range fadvise64 ftruncate truncate fallocate copy_file_range sendfile "
    "stat lstat fstat newfstatat statx access faccessat faccessat2 readlink readlinkat getdents getdents64 "
    "mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat "
    "chmod fchmod fchmodat chown fchown fchownat utimensat flock fcntl ioctl dup statfs fstatfs"
).split()

EVERYTHING = os.environ.get("INLAY_TEST_SWEEP", "") == "all"
OPENING = ("open", "openat", "creat")
CHANGING = set(
    "write pwrite64 writev pwritev pwritev2 fsync fdatasync sync_file_range ftruncate truncate fallocate "
    "copy_file_range sendfile mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat "
    "symlink symlinkat chmod fchmod fchmodat chown fchown fchownat utimensat".split()
)
NEVER_FAILING = ("fcntl", "flock", "ioctl", "lseek", "dup", "fadvise64")

_LINE = re.compile(r"(\w+)\(")
_PR_SET_PTRACER = 0x59616D61


@dataclass(frozen=True)
class Call:
    """One call of the step, as a run without a fault made it."""

    name: str
    nth: int
    """Of this name: what strace counts."""
    text: str

    @property
    def changes(self) -> bool:
        """Whether it changes anything, or makes a change last."""
        return self.name in CHANGING or (self.name in OPENING and "O_CREAT" in self.text)

    def suffers(self, fault: str) -> bool:
        """A kill between two changes leaves what a kill just before the second one leaves, and only a change
        wants room. Locks and what is asked about a descriptor fail with neither error: fcntl(2)."""
        if EVERYTHING and fault == "KILL":
            return True
        return self.changes if fault in ("KILL", "ENOSPC") else self.name not in NEVER_FAILING

    def inject(self, fault: str) -> str:
        what = "signal=KILL" if fault == "KILL" else f"error={fault}"
        return f"inject={self.name}:{what}:when={self.nth}"


def calls_of(trace: str, always: tuple[str, ...] = ()) -> list[Call]:
    """The calls in a trace, in their order; without those that always fail anyway."""
    counts: dict[str, int] = {}
    calls = []
    for line in trace.splitlines():
        if found := _LINE.match(line):
            name = found[1]
            counts[name] = counts.get(name, 0) + 1
            if not any(one.startswith(f"inject={name}:") for one in always):
                calls.append(Call(name, counts[name], line))
    return calls


def may_be_traced() -> None:
    """Where only parents may look into a process: let a brother do so."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1 & (2**64 - 1)), 0, 0, 0)


def run_traced(pid: int, trace: Path, inject: list[str]) -> int:
    """Let a stopped process of ours go on under strace, to its end. Only its first thread is hit.

    `inject` are strace's expressions. Answers the wait status.
    """
    options = [word for one in [f"trace={','.join(CALLS)}", *inject] for word in ("-e", one)]
    command = ["strace", "-q", "-y", "-s", "60", *options, "-o", str(trace), "-p", str(pid)]
    command.remove("-q")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr
        said = strace.stderr.readline()
        if "attached" not in said:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise OSError(f"strace: {said.strip()}")
        os.kill(pid, signal.SIGCONT)
        _, status = os.waitpid(pid, 0)
    return status
