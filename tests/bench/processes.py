"""What a process and everything under it take: CPU seconds and memory, as /proc tells."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
SIGCHLD_BIT = 1 << 16


@dataclass(frozen=True)
class Look:
    parent: int
    cpu_s: float
    """Its own, and that of the children that it has waited for."""


def look_at(pid: int) -> Look | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name, in brackets, may hold anything.
    words = text.rpartition(")")[2].split()
    return Look(int(words[1]), sum(map(int, words[11:15])) * TICK_S)


def tree(root: int) -> list[int]:
    """This process and everything under it, parents first."""
    parents = {
        int(name): look.parent
        for name in os.listdir("/proc")
        if name.isdigit() and (look := look_at(int(name)))
    }
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_of(root: int) -> float:
    """CPU seconds of this process and all under it since it began."""
    return sum(look.cpu_s for pid in tree(root) if (look := look_at(pid)))


class Others:
    """How much of this machine other programs take, in percent: where it is much, no clock is true."""

    def __init__(self) -> None:
        self._before = _busy_s(), _ours_s(), time.monotonic()

    @property
    def share(self) -> float:
        busy, ours, began = self._before
        passed = (time.monotonic() - began) * (os.cpu_count() or 1)
        return max(0.0, 100 * ((_busy_s() - busy) - (_ours_s() - ours)) / passed)


def _busy_s() -> float:
    words = Path("/proc/stat").read_text().split("\n")[0].split()
    # All but idle and waiting for the disk; guests are in user's time already.
    return sum(int(number) for place, number in enumerate(words[1:9]) if place not in (3, 4)) * TICK_S


def _ours_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def command_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def pss_mb(pid: int) -> float:
    """The memory of this one process; what it shares counts in parts. 0 when it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


@dataclass
class CpuMeter:
    """CPU seconds that the tree under `root` takes while the `with` block runs.

    A child that is waited for is in its parent's account. The warm parent's children are not waited for, so
    they are looked at again and again: what one takes in its last `every_s` is missed.
    """

    root: int
    every_s: float = 0.02
    seconds: float = 0.0
    _others: set[int] = field(default_factory=set)
    _seen: dict[int, Look] = field(default_factory=dict)
    _lost_s: float = 0.0
    _end: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._look()
        self._before = self._total()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self._look()
        self.seconds = self._total() - self._before

    def _watch(self) -> None:
        while not self._end.wait(self.every_s):
            self._look()

    def _total(self) -> float:
        return sum(look.cpu_s for look in self._seen.values()) + self._lost_s

    def _look(self) -> None:
        before, self._seen = self._seen, {}
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        self._others.intersection_update(pids)
        looks = {pid: look for pid in set(pids) - self._others if (look := look_at(pid))}
        for pid in looks:
            # Up to the root, or to one that is not under it: numbers begin anew some time, and tell no age.
            line = [pid]
            while line[-1] != self.root and (at := looks.get(line[-1])):
                line.append(at.parent)
            if line[-1] == self.root:
                self._seen[pid] = looks[pid]
        self._others.update(set(pids) - set(self._seen))
        for pid, look in before.items():
            if pid not in self._seen and _forgets_its_children(look.parent):
                self._lost_s += look.cpu_s


def _forgets_its_children(pid: int) -> bool:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("SigIgn:"):
                return bool(int(line.split()[1], 16) & SIGCHLD_BIT)
    return False


@contextmanager
def sampled(root: int, every_s: float = 0.2) -> Iterator[dict[int, float]]:
    """The most memory that each process under `root` had while the `with` block ran, in MB by its number."""
    most: dict[int, float] = {}
    end = threading.Event()

    def watch() -> None:
        while not end.wait(every_s):
            for pid in tree(root)[1:]:
                most[pid] = max(most.get(pid, 0.0), pss_mb(pid))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        end.set()
        thread.join()
