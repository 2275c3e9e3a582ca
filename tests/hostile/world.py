"""What hostile tests share: handing in many links at once, the guard's audit, and who takes how much."""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests.running import RESTS, Inlay

PUBLIC, INSIDE = "127.0.0.2", "127.0.0.1"
MiB = 1024 * 1024
# A child may take this much: what it is forked with, and what a bomb can make of that.
CHILD_BYTES = 512 * MiB
ERRAND = re.compile(
    r"download=([^\s\]]+)[^\]]*\] method=(\S+) host=(\S+) port=(\d+) address=(\S+) verdict=(.*) bytes=(\d+)$"
)


class Errand(NamedTuple):
    """One line of the guard's audit."""

    download: str
    method: str
    host: str
    port: int
    address: str
    verdict: str
    passed_bytes: int


def audit(inlay: Inlay) -> list[Errand]:
    found = (ERRAND.search(line) for line in inlay.log.read_text().splitlines())
    return [Errand(m[1], m[2], m[3], int(m[4]), m[5], m[6], int(m[7])) for m in found if m]


def hand_in(inlay: Inlay, links: Mapping[str, str], **more: Any) -> dict[str, httpx.Response]:
    """Submit links by name, and wait where the server says that it has enough for now."""
    answers = {}
    with inlay.api() as api:
        for name, link in links.items():
            for _ in range(100):
                answers[name] = api.post("/downloads/url", json={"url": link, **more})
                if answers[name].status_code != 429:
                    break
                time.sleep(min(2.0, float(answers[name].headers.get("Retry-After", 1))))
    return answers


def taken(answers: Mapping[str, httpx.Response]) -> dict[str, str]:
    """Name → id of the links that were accepted."""
    return {name: answer.json()["id"] for name, answer in answers.items() if answer.status_code == 202}


def rest_of(
    inlay: Inlay, ids: Mapping[str, str], seconds: float = 300, impatient_with: str = ""
) -> dict[str, dict[str, Any]]:
    """These downloads when nothing goes on by itself any more. That site gets no pause to recover in."""
    end, found = time.monotonic() + seconds, {}
    with inlay.api() as api:
        for name, id in ids.items():
            while (one := api.get(f"/downloads/{id}").json())["state"] not in RESTS:
                assert time.monotonic() < end, f"{name} is still {one['state']}"
                if impatient_with and one["state"] == "queued":
                    api.post(f"{inlay.url}/activity/sites/{impatient_with}/resume")
                time.sleep(0.1)
            found[name] = one
    return found


@dataclass
class Watch:
    """The most that anybody took while it looked."""

    child_bytes: int = 0
    """Resident memory of one process under the server."""
    folder_bytes: int = 0


@contextmanager
def watching(inlay: Inlay, folder: Path | None = None, every_s: float = 0.02) -> Iterator[Watch]:
    """Looks at the processes under the server, and at the largest file in `folder`, until the block ends."""
    assert inlay.process
    server, watch, ended = inlay.process.pid, Watch(), threading.Event()

    def look() -> None:
        while not ended.wait(every_s):
            for pid in below(server):
                watch.child_bytes = max(watch.child_bytes, resident_bytes(pid))
            # What vanishes while we look is no finding.
            with suppress(FileNotFoundError):
                for file in folder.rglob("*") if folder else ():
                    watch.folder_bytes = max(watch.folder_bytes, file.lstat().st_size)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield watch
    finally:
        ended.set()
        looking.join()


def below(pid: int) -> list[int]:
    """The processes that this one has started, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                found += [child, *below(child)]
    return found


def resident_bytes(pid: int, what: str = "VmRSS") -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{what}:"):
                return int(line.split()[1]) * 1024
    return 0


def holds(folder: Path, secret: bytes) -> list[Path]:
    """The files in this folder with these bytes in them. Follows no link."""
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return [file for file in files if secret in file.read_bytes()]
