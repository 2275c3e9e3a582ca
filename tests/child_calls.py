"""What the tests of app.children let a child do."""

import ctypes
import os
import platform
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.children import landlock
from app.children.child import Emit
from app.children.confine import SET_IO_PRIORITY, room_for_a_program
from app.errors import Failure, FailureKind

libc = ctypes.CDLL(None)


def echo(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    for number in range(args.get("events", 0)):
        emit({"number": number})
    return {"args": args, "pid": os.getpid(), "environment": dict(os.environ)}


def fail(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    raise Failure(FailureKind.NEEDS_YOU, "Do something.")


def crash(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    raise ValueError("an error of ours")


def die(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    os.kill(os.getpid(), 9)
    return {}


def start_another(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Starts a long `sleep` of its own and waits."""
    other = subprocess.Popen(["sleep", "600"])
    emit({"pids": [os.getpid(), other.pid]})
    time.sleep(600)
    return {}


def leave_another(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Starts a long `sleep` and ends without it."""
    return {"pid": subprocess.Popen(["sleep", "600"]).pid}


def take_memory(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    return {"size": len(bytearray(args["size_bytes"]))}


def write_file(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    with open(args["path"], "wb") as file:
        file.write(b"x" * args["size_bytes"])
    return {}


def nothing() -> None:
    """A warm-up that takes no time."""


def take_memory_in_a_program(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """How a Python ends that takes so much: started with room for a program, and without."""
    program = [sys.executable, "-I", "-S", "-c", f"bytearray({args['size_bytes']})"]
    plain = subprocess.run(program, check=False, stderr=subprocess.DEVNULL).returncode
    with room_for_a_program():
        roomy = subprocess.run(program, check=False, stderr=subprocess.DEVNULL).returncode
    return {"plain": plain, "roomy": roomy}


def compute(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    while True:
        pass


def say(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    return {"text": "x" * args["chars"]}


def stand(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """What a child looks like from inside."""
    mask = os.umask(0)
    descriptors = {}
    for name in sorted(os.listdir("/proc/self/fd"), key=int):
        # The one that lists them is gone by now.
        with suppress(FileNotFoundError):
            descriptors[name] = os.readlink(f"/proc/self/fd/{name}")
    return {
        "descriptors": descriptors,
        "folder": os.getcwd(),
        "umask": mask,
        "session": os.getsid(0) == os.getpid(),
        "nice": os.nice(0),
        "io": libc.syscall(SET_IO_PRIORITY[platform.machine()][0] + 1, 1, 0),
        "oom": int(Path("/proc/self/oom_score_adj").read_text()),
        "limits": {
            name: resource.getrlimit(getattr(resource, name))
            for name in ("RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE")
        },
        "no_new_privileges": libc.prctl(39, 0, 0, 0, 0),
    }


def reach(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """What goes: each of `read`, `write`, `make`, `list`, `link`, `connect`, `bind`, `run`, `signal`."""
    tries: dict[str, Callable[[Any], object]] = {
        "read": lambda path: Path(path).read_bytes(),
        "write": lambda path: open(path, "r+b").close(),
        "make": lambda path: Path(path).write_bytes(b"x"),
        "list": os.listdir,
        "link": lambda pair: os.link(*pair),
        "symlink": lambda pair: os.symlink(*pair),
        "rename": lambda pair: os.rename(*pair),
        "connect": lambda port: socket.create_connection(("127.0.0.1", port), 2).close(),
        "bind": lambda port: socket.create_server(("127.0.0.1", port)).close(),
        "abstract": _meet,
        "run": lambda program: subprocess.run(program, check=True, capture_output=True),
        "signal": lambda pid: os.kill(pid, 0),
        "environ": lambda pid: Path(f"/proc/{pid}/environ").read_bytes(),
    }
    return {"went": [_went(tries[how], what) for how, what in args["tries"]]}


def _went(attempt: Callable[[Any], object], what: Any) -> bool:
    try:
        attempt(what)
    except OSError:
        return False
    return True


def _meet(name: str) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.connect(f"\0{name}")


def restrict_as(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Landlock as a kernel of that version would be asked for it."""
    if landlock.abi():
        landlock.abi = lambda: args["version"]
    version = landlock.restrict(reads=args["reads"])
    return {"version": version, "kept_out": not _went(lambda path: Path(path).read_bytes(), args["secret"])}
