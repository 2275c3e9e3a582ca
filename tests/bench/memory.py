"""Memory of the server and everything under it: fresh, warm, with four downloads, afterwards."""

import os
import signal
import time

import httpx

from tests.bench.figures import Table
from tests.bench.processes import command_of, pss_mb, sampled, tree
from tests.bench.world import Bench
from tests.running import PASSWORD, wait_for

SETTINGS = {"per_site": "4"}
IDLE_MB = 100
CHILD_MB = 300


def measure(bench: Bench) -> Table:
    """Wants an Inlay that has just started."""
    table = Table("memory", "of the whole tree; what is shared counts once (PSS)")
    rest, running = bench.scale.rest_s / 2, bench.scale.at_once
    time.sleep(rest)
    table.add("idle, fresh", total_mb(bench.pid), "MB", most=IDLE_MB)
    _open_the_inbox(bench)
    wait_for(lambda: warm_parent(bench.pid), 60)
    time.sleep(rest)
    _until_steady(bench.pid)
    table.add("idle, warm: somebody has opened the inbox", total_mb(bench.pid), "MB")
    with bench.inlay.api() as api, sampled(bench.pid) as most:
        ids = [bench.submit(api, bench.slow_track(), format="original") for _ in range(running)]
        bench.wait(ids, "downloading")
        time.sleep(rest)
        table.add(f"{running} downloads run", total_mb(bench.pid), "MB")
        bench.drop(api, ids)
        done = [bench.submit(api, bench.track(), format="mp3", skip_review=True) for _ in range(running + 1)]
        bench.wait(done, "done")
    time.sleep(rest)
    warm = warm_parent(bench.pid)
    children = [mb for pid, mb in most.items() if pid != warm]
    table.add("the largest child", max(children, default=0.0), "MB", most=CHILD_MB)
    table.add(f"idle, after {running + 1} tracks, still warm", total_mb(bench.pid), "MB")
    if warm:
        # It goes by itself when it has had nothing to do for three minutes.
        os.kill(warm, signal.SIGTERM)
        time.sleep(rest)
    table.add("idle, afterwards, the warm parent gone", total_mb(bench.pid), "MB", most=IDLE_MB)
    return table


def total_mb(root: int) -> float:
    return sum(pss_mb(pid) for pid in tree(root))


def warm_parent(root: int) -> int | None:
    return next((pid for pid in tree(root)[1:] if "warm.py" in command_of(pid)), None)


def _open_the_inbox(bench: Bench) -> None:
    with httpx.Client(base_url=bench.inlay.url, verify=False) as browser:
        browser.post("/login", data={"name": "alice", "password": PASSWORD})
        assert browser.get("/").status_code == 200


def _until_steady(root: int) -> None:
    before = 0.0
    for _ in range(40):
        now = total_mb(root)
        if abs(now - before) < 0.5:
            return
        before = now
        time.sleep(0.5)
