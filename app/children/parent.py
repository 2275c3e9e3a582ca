"""The parent's side: start a child, follow its events, end it with everything it started."""

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from app.children.child import MAX_LINE_BYTES
from app.children.limits import Limits
from app.errors import Failure, FailureKind

log = logging.getLogger("inlay.children")

# A child sees this environment and nothing else of ours: no settings, no secrets, no proxies.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONUTF8": "1",
    "PYTHONNOUSERSITE": "1",
    "YTDLP_NO_PLUGINS": "1",
    "DENO_NO_UPDATE_CHECK": "1",
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
}

CONNECT_S = 30.0
CHECK_S = 0.5


class ChildCrashed(Exception):
    """The child ended without an answer: killed, out of memory, or an error of ours."""


class Cancelled(Exception):
    """Somebody asked for this child to end."""


class Child:
    """One running child. Ends with the `with` block, whatever it was doing."""

    def __init__(self, channel: socket.socket, process: subprocess.Popen[bytes] | None) -> None:
        self._channel = channel
        self._process = process
        self._pid: int | None = None
        self._buffer = b""
        self._ended = False
        self._cancelled = threading.Event()
        self.answer: dict[str, Any] | None = None

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._channel.close()
        if self._process:
            self._process.kill()
            self._process.wait()

    def cancel(self) -> None:
        """End it from another thread; the thread that follows it gets Cancelled."""
        self._cancelled.set()
        self.kill()

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        if self._pid and not self._ended:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)

    def events(self, *, seconds: float, check: Callable[[], None] | None = None) -> Iterator[dict[str, Any]]:
        """The child's events until it has answered; the answer is then in `answer`.

        `seconds` is the limit for the whole run. `check` is called about twice a second and may raise.
        """
        deadline = time.monotonic() + seconds
        check_at = 0.0
        while self.answer is None:
            for message in self._receive(deadline):
                if "event" in message:
                    yield message["event"]
                elif "pid" in message:
                    # The first word of a child, before it saw anything of a stranger's. Later ones are lies.
                    self._pid = self._pid or message["pid"]
                else:
                    self.answer = self._read_answer(message)
            if check and time.monotonic() >= check_at:
                # Not at each event: some children say something a hundred times a second.
                check_at = time.monotonic() + CHECK_S
                check()
        self._ended = True

    def result(self, *, seconds: float, check: Callable[[], None] | None = None) -> dict[str, Any]:
        """Wait for the answer and ignore events."""
        for _ in self.events(seconds=seconds, check=check):
            pass
        assert self.answer is not None
        return self.answer

    def _receive(self, deadline: float) -> list[dict[str, Any]]:
        left = deadline - time.monotonic()
        if left <= 0:
            self.kill()
            raise Failure(FailureKind.TEMPORARY, "This took too long and was stopped. Try again later.")
        self._channel.settimeout(min(left, CHECK_S))
        try:
            data = self._channel.recv(65536)
        except TimeoutError:
            return []
        except OSError:
            data = b""
        if self._cancelled.is_set():
            raise Cancelled
        if not data:
            raise ChildCrashed("the child ended without an answer")
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > MAX_LINE_BYTES:
            self.kill()
            raise ChildCrashed("the child says more than any of ours would")
        return [json.loads(line) for line in lines]

    def _read_answer(self, message: dict[str, Any]) -> dict[str, Any]:
        if "result" in message:
            found: dict[str, Any] = message["result"]
            return found
        self._ended = True
        if failure := message.get("failure"):
            raise Failure(
                FailureKind(failure["kind"]),
                failure["message"],
                retry_after_s=failure.get("retry_after_s"),
                pauses_site=failure.get("pauses_site", False),
                wants_cookies=failure.get("wants_cookies", False),
                cookies_rejected=failure.get("cookies_rejected", False),
            )
        raise ChildCrashed(message.get("crash", "unknown answer"))


Start = Callable[[str, dict[str, Any], Limits], AbstractContextManager[Child]]
"""How to get a child for `call`, `args` and `limits`: `fresh`, or a way of a WarmParent."""
Follow = Callable[[Child], AbstractContextManager[Child]]
"""How to make a running child known, so that somebody else can end it."""


class Extra(Protocol):
    """Folders whose modules come before those that are installed, in the order in which they are tried."""

    def folders(self) -> list[str]:
        """Asked whenever a child starts. Cheap."""
        ...

    def failed(self, folder: str, why: str) -> None:
        """What was to be imported from it could not be: the next one was taken."""
        ...


class WarmParent:
    """Owns the process that forks ready children; starts on demand, goes away when idle."""

    def __init__(self, warm_up: str, idle_s: float = 180.0) -> None:
        """`warm_up` is the `module:function` that imports what the children will need."""
        self.warm_up = warm_up
        self.idle_s = idle_s
        self.wanted = True
        """False where nobody will need a child: then a look at a page warms nothing."""
        self.extra: Extra | None = None
        """When its folders change, the next child comes of a new process; children that run keep theirs."""
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._timer: threading.Timer | None = None
        self._running = 0
        self._folders: list[str] = []
        self._to_try: list[str] = []
        self._ready = False

    def warm(self) -> None:
        """Have it ready soon: called when somebody is about to paste a link. Returns at once."""
        if not self.wanted:
            return
        with self._lock:
            self._start()
            self._rest()

    @contextlib.contextmanager
    def child(self, call: str, args: dict[str, Any], limits: Limits) -> Iterator[Child]:
        """A forked child, or one in a fresh interpreter when the warm parent cannot be had."""
        with self._lock:
            self._running += 1
        try:
            with self._fork_or_fresh() as child:
                _request(child, call, args, limits)
                yield child
        finally:
            with self._lock:
                self._running -= 1
                self._hear()
                self._rest()

    @contextlib.contextmanager
    def child_if_warm(self, call: str, args: dict[str, Any], limits: Limits) -> Iterator[Child]:
        """For light work: forked where the warm parent is up anyway, else fresh."""
        with self._lock:
            up = self._process is not None and self._process.poll() is None
        with (self.child if up else fresh)(call, args, limits) as child:
            yield child

    def close(self) -> None:
        with self._lock:
            if self._timer:
                self._timer.cancel()
            self._stop()

    def _fork_or_fresh(self) -> Child:
        ours, theirs = socket.socketpair()
        with theirs:
            for _ in range(2):
                with self._lock:
                    self._start()
                    assert self._control is not None
                    try:
                        socket.send_fds(self._control, [b"f"], [theirs.fileno()])
                        return Child(ours, None)
                    except OSError:
                        self._hear()
                        self._blame()
                        self._stop()
        log.warning("the warm parent did not start; using a fresh interpreter")
        ours.close()
        return _fresh()

    def _start(self) -> None:
        if self._process and self._process.poll() is None:
            if self._folders == self._wanted_folders():
                return
            self._stop()
        elif self._process:
            self._hear()
            self._blame()
        folders = self._wanted_folders()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = _python("warm.py", theirs, self.warm_up, *folders)
        self._control = ours
        self._folders = self._to_try = folders
        self._ready = False

    def _wanted_folders(self) -> list[str]:
        return self.extra.folders() if self.extra else []

    def _hear(self) -> None:
        """What the process had to say of its folders."""
        said = b""
        with contextlib.suppress(OSError):
            while self._control and (piece := self._control.recv(4096, socket.MSG_DONTWAIT)):
                said += piece
        for line in said.splitlines():
            message = json.loads(line)
            if folder := message.get("failed"):
                self._to_try = self._to_try[1:]
                if self.extra:
                    self.extra.failed(folder, message["why"])
            else:
                self._ready = True

    def _blame(self) -> None:
        """It ended before it was ready, without a word: out of memory, or worse."""
        if not self._ready and self._to_try and self.extra:
            self.extra.failed(self._to_try[0], "the process ended while it loaded")

    def _rest(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = threading.Timer(self.idle_s, self._stop_if_idle)
        self._timer.daemon = True
        self._timer.start()

    def _stop_if_idle(self) -> None:
        with self._lock:
            if self._running == 0:
                self._stop()

    def _stop(self) -> None:
        self._hear()
        if self._control:
            self._control.close()
        if self._process:
            self._process.terminate()
            self._process.wait()
        self._control = self._process = None


def run(
    call: str,
    args: dict[str, Any],
    *,
    seconds: float,
    limits: Limits | None = None,
    check: Callable[[], None] | None = None,
    start: Start | None = None,
) -> dict[str, Any]:
    """Run `module:function` in a child, by default a fresh one, and return its result.

    Raises Failure (expected trouble, or out of time) or ChildCrashed, and what `check` raises.
    """
    with (start or fresh)(call, args, limits or {}) as child:
        return child.result(seconds=seconds, check=check)


@contextlib.contextmanager
def fresh(call: str, args: dict[str, Any], limits: Limits, *folders: str) -> Iterator[Child]:
    """A child in a fresh interpreter: light, for work that does not need yt-dlp.

    Modules in `folders` come before those that are installed.
    """
    with _fresh(*folders) as child:
        _request(child, call, args, limits)
        yield child


def _fresh(*folders: str) -> Child:
    ours, theirs = socket.socketpair()
    with theirs:
        return Child(ours, _python("child.py", theirs, *folders))


def _request(child: Child, call: str, args: dict[str, Any], limits: Limits) -> None:
    line = json.dumps({"call": call, "args": args, "limits": limits}).encode() + b"\n"
    child._channel.settimeout(CONNECT_S)
    try:
        child._channel.sendall(line)
    except OSError as error:
        raise ChildCrashed("the child did not start") from error


def _python(script: str, channel: socket.socket, *arguments: str) -> subprocess.Popen[bytes]:
    """A fresh interpreter on a script of this folder, isolated from our environment and working folder."""
    return subprocess.Popen(
        [sys.executable, "-I", str(Path(__file__).parent / script), str(channel.fileno()), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[channel.fileno()],
        env=ENVIRONMENT,
        cwd="/",
    )
