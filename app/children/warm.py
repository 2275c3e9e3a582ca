"""The warm parent: a process that has imported everything once and forks a ready child per request.

Runs as `python -I warm.py FD MODULE:FUNCTION [FOLDER…]`; the function does the importing, and modules in
the first FOLDER come first. What it imports from there may turn out to be no good: then it says so and starts
anew with the next FOLDER, at last with none, on the same socket. Each message on the control socket carries
the child's end of a new channel. Single-threaded on purpose: a fork from a threaded process can inherit a
held lock and hang. It goes away when the control socket closes, so it never outlives its owner.
"""

import array
import contextlib
import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

WHY_CHARS = 500


def main() -> None:
    number, call, *folders = sys.argv[1:]
    sys.path[:0] = [*folders[:1], str(Path(__file__).parents[2])]
    control = socket.socket(fileno=int(number))
    from app.children import landlock
    from app.children.child import serve_one
    from app.children.confine import be_called, be_killed_first, wake_when_parent_ends

    be_called("inlay warm")
    be_killed_first()
    wake_when_parent_ends()
    landlock.prepare(*folders[:1])
    try:
        _hold(*folders[:1])
        module, function = call.split(":")
        getattr(importlib.import_module(module), function)()
    except BaseException as error:
        if not folders:
            raise
        _say(control, failed=folders[0], why=f"{type(error).__name__}: {error}"[:WHY_CHARS])
        os.execv(sys.executable, [sys.executable, "-I", __file__, number, call, *folders[1:]])
    _say(control, ready=folders[:1])
    gc.collect()
    gc.freeze()
    # Forked children are reaped by the kernel: their end shows on their channel.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while (channel := _receive(control)) is not None:
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            serve_one(channel)
            os._exit(0)
        channel.close()


def _hold(*folders: str) -> None:
    """Nobody removes a folder that this process, or a child of it, may still load something from."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        # Some network file systems lock no folders.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


def _say(control: socket.socket, **message: object) -> None:
    """Read by the owner when it next looks; one that is gone does not matter."""
    with contextlib.suppress(OSError):
        control.send(json.dumps(message).encode() + b"\n", socket.MSG_DONTWAIT)


def _receive(control: socket.socket) -> socket.socket | None:
    room = socket.CMSG_LEN(array.array("i").itemsize)
    message, ancillary, _, _ = control.recvmsg(1, room)
    if not message or not ancillary:
        return None
    descriptors = array.array("i")
    descriptors.frombytes(ancillary[0][2])
    return socket.socket(fileno=descriptors[0])


if __name__ == "__main__":
    main()
