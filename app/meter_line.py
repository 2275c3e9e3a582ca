"""What the worker has counted, told to the pages where both run apart: over a socket in the data folder.

It is asked only when somebody asks for /metrics, so nothing is written and an idle worker does nothing. Whose
file system has no sockets goes without: the worker works as ever.
"""

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from app import meters

log = logging.getLogger("inlay.meters")

NAME = "worker.sock"
ANSWER_S = 2.0
MOST_BYTES = 1024 * 1024

Values = dict[str, dict[tuple[str, ...], list[float]]]


class _Told(msgspec.Struct, frozen=True):
    resident_bytes: int
    values: dict[str, list[tuple[list[str], list[float]]]]


class MeterLine:
    """The worker's end. A thread that waits."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """The worker's lock is ours by now, so what is there of an older one is nobody's."""
        try:
            self._socket = self._listen()
        except OSError as error:
            log.warning("The pages' /metrics will lack the worker: %s (%s).", NAME, error.strerror)
            return
        threading.Thread(target=self._run, args=(self._socket,), name="meters", daemon=True).start()

    def _listen(self) -> socket.socket:
        (self._data_dir / NAME).unlink(missing_ok=True)
        made = socket.socket(socket.AF_UNIX)
        try:
            with _short(self._data_dir) as address:
                made.bind(address)
            os.chmod(self._data_dir / NAME, 0o600)
            made.listen(4)
        except OSError:
            made.close()
            raise
        return made

    def _run(self, listening: socket.socket) -> None:
        while True:
            try:
                asking, _ = listening.accept()
            except OSError:
                return
            with asking, contextlib.suppress(OSError):
                asking.settimeout(ANSWER_S)
                asking.sendall(_tell())

    def stop(self) -> None:
        if self._socket is None:
            return
        with contextlib.suppress(OSError):
            (self._data_dir / NAME).unlink()
        with contextlib.suppress(OSError):
            # Closing alone does not wake who waits in `accept`.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def ask(data_dir: Path) -> tuple[int, Values] | None:
    """Resident bytes and all values of the worker that has this data folder; None when none answers."""
    found = bytearray()
    try:
        with socket.socket(socket.AF_UNIX) as line, _short(data_dir) as address:
            line.settimeout(ANSWER_S)
            line.connect(address)
            while len(found) <= MOST_BYTES and (piece := line.recv(64 * 1024)):
                found += piece
        told = msgspec.json.decode(found, type=_Told)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
    return told.resident_bytes, _known(told)


def _tell() -> bytes:
    values = {name: [(list(key), one) for key, one in found.items()] for name, found in meters.read().items()}
    return msgspec.json.encode(_Told(meters.resident_bytes(), values))


def _known(told: _Told) -> Values:
    """What this version has, too: the worker may be of another one."""
    found: Values = {}
    for name, meter in meters.METERS.items():
        found[name] = {
            tuple(key): values
            for key, values in told.values.get(name, [])
            if len(key) == len(meter.labels) and len(values) == meter.size
        }
    return found


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """The socket's address. Its whole path may be longer than the 107 bytes that one may have."""
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}/{NAME}"
    finally:
        os.close(opened)
