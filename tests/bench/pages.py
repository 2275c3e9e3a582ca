"""How soon pages answer: when nothing else goes on, and while four downloads and conversions run."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

import httpx

from tests.bench.figures import Table
from tests.bench.world import PATIENCE_S, REPOSITORY, Bench
from tests.media import audio
from tests.running import PASSWORD, wait_for

# Four downloads that take long, and room for conversions beside them.
SETTINGS = {"workers": "6", "per_site": "6"}
CONVERSIONS = 2
"""For each of the downloads."""
MOST_MS = 50
PAUSE_S = 0.01


def measure(bench: Bench) -> Table:
    many = bench.scale.at_once
    table = Table("pages", f"{many} downloads and conversions run; {bench.scale.shelf} tracks in the library")
    with bench.inlay.api() as api:
        _fill_library(bench, api)
        reviewed = bench.submit(api, bench.track(), format="mp3")
        bench.wait([reviewed], "review")
        wait_for(lambda: api.get(f"/downloads/{reviewed}").json()["tracks"][0]["conversion"] == "done", 120)
        idle = _probe(bench, _paths(reviewed, reviewed), bench.scale.probe_s / 2)

        slow = [bench.submit(api, bench.slow_track(), format="original") for _ in range(many)]
        bench.wait(slow, "downloading")
        converted = [
            bench.submit(api, bench.track(), format="mp3", skip_review=True)
            for _ in range(CONVERSIONS * many)
        ]
        busy = _probe(bench, _paths(slow[0], reviewed), bench.scale.probe_s)
        states = bench.states([*slow, converted[-1]])
        bench.drop(api, [*slow, *converted, reviewed])
    for (name, _), one, other in zip(_paths("", ""), idle, busy, strict=True):
        table.add(f"{name}: p50 idle", percentile(one, 50), "ms")
        table.add(f"{name}: p99 idle", percentile(one, 99), "ms")
        table.add(f"{name}: p50", percentile(other, 50), "ms")
        table.add(f"{name}: p99", percentile(other, 99), "ms", most=MOST_MS)
    table.add("answers that were timed under load", sum(map(len, busy)), "")
    table.add("of these downloads, ended before the timing did", _ended(states[:many]), "", most=0)
    table.add("conversions ended before the timing did (1: yes)", _ended(states[many:]), "")
    return table


def percentile(several: Sequence[float], percent: int) -> float:
    """The smallest value that is not exceeded by `percent` of these."""
    ordered = sorted(several)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _ended(states: Sequence[str]) -> int:
    return sum(state in ("done", "failed") for state in states)


def _paths(moving: str, reviewed: str) -> list[tuple[str, str]]:
    return [
        ("inbox page", "/"),
        ("inbox, renewed", "/inbox"),
        ("card, polled", f"/downloads/{moving}/card?seen=nothing"),
        ("review page", f"/downloads/{reviewed}/review"),
        ("library page", "/library"),
        ("API list", "/api/v1/downloads"),
    ]


def _probe(bench: Bench, paths: list[tuple[str, str]], seconds: float) -> list[list[float]]:
    with httpx.Client(base_url=bench.inlay.url, verify=False) as browser:
        browser.post("/login", data={"name": "alice", "password": PASSWORD})
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    order = {
        "port": bench.inlay.port,
        "cookie": cookie,
        "token": bench.inlay.token,
        "paths": [path for _, path in paths],
        "seconds": seconds,
        "pause_s": PAUSE_S,
    }
    command = [sys.executable, "-m", "tests.bench.prober"]
    prober = subprocess.run(
        command, input=json.dumps(order), capture_output=True, text=True, cwd=REPOSITORY, timeout=PATIENCE_S
    )
    assert prober.returncode == 0, prober.stderr
    return list(json.loads(prober.stdout).values())


def _fill_library(bench: Bench, api: httpx.Client) -> None:
    """Tracks of somebody who had a collection before; the watcher finds them."""
    source = audio.make("mp3", 3)
    for number in range(bench.scale.shelf):
        folder = bench.inlay.library / f"Somebody {number % 30:02}"
        folder.mkdir(exist_ok=True)
        shutil.copyfile(source, folder / f"Song {number:04}.mp3")

    def found() -> bool:
        with suppress(httpx.TimeoutException):
            page = api.get("/library/tracks", params={"limit": 100}).json()
            return len(page["items"]) >= min(100, bench.scale.shelf)
        return False

    wait_for(found, 120, 0.2)
