"""The child's side: one request in, events out, dead when the parent lets go.

Protocol, over one socket, JSON lines. Parent → child: one request `{call, args, limits}`. Child → parent:
`{"pid": …}` first, then any number of `{"event": …}`, then one of `{"result": …}`,
`{"failure": {…}}` (a Failure's fields) or `{"crash": traceback}`. End of file on the
parent's side ends the child, and with the child ends everything that it started.
"""

import gc
import importlib
import json
import os
import resource
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

Emit = Callable[[dict[str, Any]], None]
Call = Callable[[dict[str, Any], Emit], dict[str, Any]]

MAX_LINE_BYTES = 8 * 1024 * 1024
MAX_CRASH_CHARS = 8_000


def serve_one(channel: socket.socket) -> None:
    """Answer the one request on `channel`. Call in a process of its own: it becomes a session leader."""
    os.setsid()
    with channel.makefile("rb") as reader:
        request = json.loads(reader.readline(MAX_LINE_BYTES))
    writing = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        line = json.dumps(message, default=str).encode() + b"\n"
        with writing:
            channel.sendall(line)

    send({"pid": os.getpid()})
    threading.Thread(target=_die_with_parent, args=(channel,), daemon=True).start()
    _limit(request.get("limits") or {})
    try:
        send(_answer(request, send))
    finally:
        # Whatever it started and did not wait for ends with it.
        os.killpg(0, signal.SIGKILL)


def _answer(request: dict[str, Any], send: Emit) -> dict[str, Any]:
    module, name = request["call"].split(":")
    try:
        call: Call = getattr(importlib.import_module(module), name)
        return {"result": call(request["args"], lambda event: send({"event": event}))}
    except MemoryError:
        gc.collect()
        return {"failure": {"kind": "permanent", "message": "This file needs too much memory to read."}}
    except BaseException as error:
        return _explain(error)


def _explain(error: BaseException) -> dict[str, Any]:
    from app.errors import Failure

    if isinstance(error, Failure):
        return {
            "failure": {
                "kind": str(error.kind),
                "message": error.message,
                "retry_after_s": error.retry_after_s,
                "pauses_site": error.pauses_site,
            }
        }
    return {"crash": "".join(traceback.format_exception(error))[-MAX_CRASH_CHARS:]}


def _die_with_parent(channel: socket.socket) -> None:
    try:
        while channel.recv(1024):
            pass
    finally:
        os.killpg(0, signal.SIGKILL)


def _limit(limits: dict[str, int]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kinds = {
        "memory_bytes": resource.RLIMIT_AS,
        "file_bytes": resource.RLIMIT_FSIZE,
        "open_files": resource.RLIMIT_NOFILE,
        "cpu_s": resource.RLIMIT_CPU,
    }
    # Python ignores SIGXFSZ, so a file that grows too large is a plain OSError here.
    for name, kind in kinds.items():
        if limits.get(name):
            resource.setrlimit(kind, (limits[name], limits[name]))
    if limits.get("nice"):
        os.nice(limits["nice"])


def limit_memory(more_bytes: int) -> None:
    """From now on this process and what it starts may take so much address space more than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    """Entry of a fresh interpreter: `python -I child.py FD`."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    serve_one(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
