"""Which files a process and everything under it write, and when they wait for the disk: strace tells."""

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile", "copy_file_range", "ftruncate")
SYNCS = ("fsync", "fdatasync", "sync_file_range", "syncfs", "sync")
# 1234 1795745397.731501 fsync(3</tmp/inlay.db-wal>) = 0; a call that waits is in two lines, one unfinished.
LINE = re.compile(r"(?P<pid>\d+) +(?P<at>[\d.]+) (?P<call>\w+)\((?P<rest>.*)")
RESUMED = re.compile(r"(?P<pid>\d+) +(?P<at>[\d.]+) <\.\.\. (?P<call>\w+) resumed>(?P<rest>.*)")
ANSWER = re.compile(r"\) += (-?\d+)")
NAME = re.compile(r"\d+<([^>]*)>")


@dataclass
class Written:
    """What happened to one kind of file."""

    bytes: int = 0
    syncs: int = 0


@dataclass(frozen=True)
class Event:
    at: float
    path: str
    bytes: int
    sync: bool


@dataclass
class Trace:
    log: Path
    kinds: dict[str, Path]
    """Folder or start of a file's path by the name that we give it; the first that fits counts."""
    _at: int = 0
    _open: dict[str, str] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        """Put before the command that is to be followed; that one stays our child, strace steps aside."""
        calls = ",".join(f"?{call}" for call in (*WRITES, *SYNCS))
        strace = shutil.which("strace")
        assert strace, "The part `writes` needs strace: apt install strace"
        options = ["-D", "-f", "-qq", "--seccomp-bpf", "-ttt", "-y", "-s", "0", "-e", "signal=none"]
        return [strace, *options, "-e", f"trace={calls}", "-o", str(self.log)]

    def so_far(self) -> dict[str, Written]:
        """What was written since this was asked before, by kind of file."""
        time.sleep(0.2)
        found = {name: Written() for name in self.kinds}
        for event in self._events():
            kind = next(
                (name for name, start in self.kinds.items() if event.path.startswith(str(start))), None
            )
            if kind:
                found[kind].bytes += event.bytes
                found[kind].syncs += event.sync
        return found

    def _events(self) -> Iterator[Event]:
        with self.log.open(errors="replace") as log:
            log.seek(self._at)
            while (line := log.readline()).endswith("\n"):
                self._at = log.tell()
                if event := self._read(line):
                    yield event

    def _read(self, line: str) -> Event | None:
        if found := RESUMED.match(line):
            rest = self._open.pop(found["pid"], "") + found["rest"]
        elif found := LINE.match(line):
            rest = found["rest"]
            if rest.endswith("<unfinished ...>"):
                self._open[found["pid"]] = rest.removesuffix("<unfinished ...>")
                return None
        else:
            return None
        answer = ANSWER.search(rest)
        # sendfile names the target first, copy_file_range the source.
        names = NAME.findall(rest)
        if not names or not answer:
            return None
        path = names[1] if found["call"] == "copy_file_range" and len(names) > 1 else names[0]
        sync = found["call"] in SYNCS
        moved = 0 if sync or found["call"] == "ftruncate" else max(0, int(answer[1]))
        return Event(float(found["at"]), path, moved, sync)
