"""Runs a command within the walls of docs/inlay.service, where no systemd is process 1.

`python -m tests.as_unit CALLS FOLDER... -- COMMAND`: the file `CALLS` names the system calls that are let
through, one a line; only the folders can be written. Kernel and libseccomp are the real ones.
"""

import ctypes
import os
import shlex
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

SECCOMP = "libseccomp.so.2"
ALLOW, EPERM = 0x7FFF0000, 1
REFUSE = 0x00050000 | EPERM
SETPRIV = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


def can_build_walls() -> bool:
    if os.geteuid() != 0 or not find_library("seccomp"):
        return False
    own_mounts = ["unshare", "--mount", "mount", "--make-rprivate", "/"]
    return subprocess.run(own_mounts, capture_output=True).returncode == 0


def calls_of(filter: str) -> set[str]:
    """What a `SystemCallFilter=` lets through, its groups written out by systemd itself."""
    found: set[str] = set()
    for word in filter.split():
        if not word.startswith("@"):
            found.add(word)
            continue
        told = subprocess.run(
            ["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True
        )
        lines = [line.strip() for line in told.stdout.splitlines()[1:]]
        found |= calls_of(" ".join(line for line in lines if line and not line.startswith("#")))
    return found


def let_through(calls: set[str]) -> None:
    """For this process and its children, from now on. What the kernel does not know is passed over."""
    library = ctypes.CDLL(SECCOMP, use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(REFUSE))
    for name in sorted(calls):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            assert library.seccomp_rule_add(context, ALLOW, number, 0) == 0, name
    assert library.seccomp_load(context) == 0


def main(calls: str, *rest: str) -> None:
    at = rest.index("--")
    folders, command = rest[:at], rest[at + 1 :]
    if folders:
        inner = [sys.executable, "-m", "tests.as_unit", calls, "--", *command]
        binds = [f"mount --bind {shlex.quote(one)} {shlex.quote(one)}" for one in folders]
        mounts = "; ".join(["mount --make-rprivate /", *binds, "mount -o remount,bind,ro /"])
        line = ["unshare", "--mount", "sh", "-ec", f'{mounts}; exec "$@"', "sh", *SETPRIV, *inner]
        os.execvp(line[0], line)
    let_through(set(Path(calls).read_text().split()))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
