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
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.languages.say import say

Emit = Callable[[dict[str, Any]], None]
Call = Callable[[dict[str, Any], Emit], dict[str, Any]]

MAX_LINE_BYTES = 8 * 1024 * 1024
MAX_CRASH_CHARS = 8_000

_as_json = json.JSONEncoder(default=str).encode


def serve_one(channel: socket.socket) -> None:
    """Answer the one request on `channel`. Call in a process of its own: it becomes a session leader."""
    from app.children.confine import be_called, confine, wake_when_parent_ends

    os.setsid()
    os.umask(0o077)
    channel.set_inheritable(False)
    wake_when_parent_ends()
    with channel.makefile("rb") as reader:
        request = json.loads(reader.readline(MAX_LINE_BYTES))
    writing = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        line = _as_json(message).encode() + b"\n"
        if len(line) > MAX_LINE_BYTES:
            raise _too_much()
        with writing:
            channel.sendall(line)

    try:
        send({"pid": os.getpid()})
        be_called(f"inlay {_verb(request['call'])}")
        call = _find(request["call"])
        # Before there is a second thread: Landlock binds the one that asks for it, and those it starts.
        confine(request["limits"])
        threading.Thread(target=_die_with_parent, args=(channel,), daemon=True).start()
        send(_answer(call, request["args"], send))
    except Exception as error:
        send(_explain(error))
    finally:
        # Whatever it started and did not wait for ends with it.
        os.killpg(0, signal.SIGKILL)


def _find(name: str) -> Call:
    module, function = name.split(":")
    found: Call = getattr(importlib.import_module(module), function)
    return found


def _verb(name: str) -> str:
    """`app.audio.convert:convert_in_child` gives `convert`."""
    return name.rpartition(":")[2].partition("_")[0]


def _answer(call: Call, args: dict[str, Any], send: Emit) -> dict[str, Any]:
    try:
        return {"result": call(args, lambda event: send({"event": event}))}
    except MemoryError:
        gc.collect()
        return _failure(say("This needs too much memory to read. Try another link or file."))
    except BaseException as error:
        return _explain(error)


def _explain(error: BaseException) -> dict[str, Any]:
    from app.children.confine import OutOfCpu
    from app.errors import Failure

    if isinstance(error, OutOfCpu):
        return _failure(say("This takes too much computing to read. Try another link or file."))
    if isinstance(error, Failure):
        return {
            "failure": {
                "kind": str(error.kind),
                "message": error.message,
                "retry_after_s": error.retry_after_s,
                "pauses_site": error.pauses_site,
                "wants_cookies": error.wants_cookies,
                "cookies_rejected": error.cookies_rejected,
            }
        }
    return {"crash": "".join(traceback.format_exception(error))[-MAX_CRASH_CHARS:]}


def _failure(sentence: str) -> dict[str, Any]:
    return {"failure": {"kind": "permanent", "message": sentence}}


def _too_much() -> Exception:
    from app.errors import Failure, FailureKind

    return Failure(FailureKind.PERMANENT, "There is too much text about this track. Try another link.")


def _die_with_parent(channel: socket.socket) -> None:
    try:
        while channel.recv(1024):
            pass
    finally:
        os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Entry of a fresh interpreter: `python -I child.py FD [FOLDER]`; modules in FOLDER come first."""
    sys.path[:0] = [*sys.argv[2:], str(Path(__file__).parents[2])]
    from app.children.confine import be_killed_first

    be_killed_first()
    serve_one(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
