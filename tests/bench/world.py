"""What every part works on: a media site of ours, a running Inlay, and how large everything is."""

import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from tests.bench.figures import Run
from tests.bench.processes import CpuMeter
from tests.media import audio
from tests.media.site import MediaSite
from tests.running import RESTS, Inlay, wait_for

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 600
LOOK_S = 0.01


@dataclass(frozen=True)
class Scale:
    """How large everything is. The defaults are what our aims are about."""

    track_s: float = audio.BENCH_SECONDS
    tracks: int = 20
    at_once: int = 4
    """Slow downloads that run while something else is measured."""
    formats: tuple[str, ...] = ("original", "mp3")
    shelf: int = 300
    """Tracks that are in the library already when pages are measured."""
    slow_bps: int = 500_000
    """Bytes per second of a slow download."""
    probe_s: float = 20
    idle_s: float = 60
    rest_s: float = 4
    """Until nothing that a download has caused goes on any more."""


@dataclass
class Bench:
    site: MediaSite
    inlay: Inlay
    scale: Scale = Scale()
    rounds: int | None = None
    """How often; None for as often as the part thinks right."""
    numbers: "count[int]" = field(default_factory=count)

    @property
    def pid(self) -> int:
        assert self.inlay.process
        return self.inlay.process.pid

    def track(self, kind: str = "m4a", seconds: float | None = None, **more: Any) -> str:
        """The link to another track that nobody has fetched yet."""
        number = next(self.numbers)
        file = audio.make(kind, self.scale.track_s if seconds is None else seconds)
        return self.site.track(
            f"t{number}", file, title=f"The Paper Harbour - Tin Roof Rain {number}", **more
        )

    def slow_track(self) -> str:
        """A track that takes minutes to come."""
        return self.track("wav", rate_bps=self.scale.slow_bps)

    def submit(self, api: httpx.Client, link: str, **more: Any) -> str:
        answer = api.post("/downloads/url", json={"url": link, **more})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def timed(self, work: Callable[[], object]) -> Run:
        with CpuMeter(self.pid) as cpu:
            began = time.perf_counter()
            work()
            took = time.perf_counter() - began
        return Run(took, cpu.seconds)

    def states(self, ids: Iterable[str]) -> list[str]:
        """As the rows say. Asking the server would take time from what is measured."""
        wanted = list(ids)
        query = f"SELECT id, state FROM downloads WHERE id IN ({', '.join('?' * len(wanted))})"
        file = f"file:{self.inlay.data / 'inlay.db'}?mode=ro"
        with closing(sqlite3.connect(file, uri=True, timeout=10)) as connection:
            found = dict(connection.execute(query, wanted))
        return [found[id] for id in wanted]

    def wait(self, ids: Iterable[str], *wanted: str, every: float = LOOK_S) -> None:
        """Until all are in one of these states. None of them may come to rest in another."""
        left = list(ids)

        def arrived() -> bool:
            states = self.states(left)
            lost = [state for state in states if state in RESTS and state not in wanted]
            assert not lost, [self.inlay.download(id) for id in left]
            return all(state in wanted for state in states)

        wait_for(arrived, PATIENCE_S, every)

    def drop(self, api: httpx.Client, ids: Iterable[str]) -> None:
        """End these downloads, whatever they are doing."""
        for id in ids:
            if api.post(f"/downloads/{id}/cancel").status_code != 200:
                api.post(f"/downloads/{id}/discard")
