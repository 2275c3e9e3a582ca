"""The warm parent: a process that has imported everything once and forks a ready child per request.

Runs as `python -I warm.py FD MODULE:FUNCTION`; the function does the importing. Each message on the
control socket carries the child's end of a new channel. Single-threaded on purpose: a fork from a
threaded process can inherit a held lock and hang. It goes away when the control socket closes, so it
never outlives its owner.
"""

import array
import gc
import importlib
import os
import signal
import socket
import sys
from pathlib import Path


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[2]))
    control = socket.socket(fileno=int(sys.argv[1]))
    from app.children import landlock
    from app.children.child import serve_one
    from app.children.confine import be_called, be_killed_first, wake_when_parent_ends

    be_called("inlay warm")
    be_killed_first()
    wake_when_parent_ends()
    landlock.prepare()
    module, function = sys.argv[2].split(":")
    getattr(importlib.import_module(module), function)()
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
