"""What the tests of app.children let a child do."""

import os
import subprocess
import time
from typing import Any

from app.children.child import Emit
from app.errors import Failure, FailureKind


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
