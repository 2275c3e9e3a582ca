"""A small board, simulated: 512 MB of memory and a quarter of one of this machine's cores."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median

import httpx

from tests.bench.figures import Table
from tests.bench.group import Group
from tests.bench.memory import total_mb, warm_parent
from tests.bench.pages import percentile
from tests.bench.processes import sampled
from tests.media import audio
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay, wait_for

MEMORY_BYTES = 512 * 2**20
CORES = 0.25
START_S = 30
IDLE_MB = 90
JOURNEY_S = 120
PAGE_MS = 1000
"""Half of the pages come within this while a conversion has the core; none may take a browser's patience."""
PATIENCE_MS = 10_000
SETTLE_S = 20


def can_group() -> bool:
    try:
        with Group(MEMORY_BYTES, CORES):
            return True
    except OSError:
        return False


def measure(
    rounds: int | None = None,
    track_s: float = audio.BENCH_SECONDS,
    cores: float = CORES,
    settle_s: float = SETTLE_S,
) -> Table:
    """Wants rights to make a control group: raises OSError elsewhere."""
    table = Table("board", f"{MEMORY_BYTES // 2**20} MB, {cores:g} of a core")
    home = Path(tempfile.mkdtemp(prefix="inlay-board-"))
    try:
        with Group(MEMORY_BYTES, cores) as group, MediaSite() as site, Inlay(home) as inlay:
            inlay.add_user("alice", admin=True)
            inlay.launcher = [*group.launcher, *inlay.launcher]
            starts = [_start(inlay) for _ in range(rounds or 1)]
            table.add("start to the first answer", median(starts), "s", most=START_S)
            _drive(table, inlay, site, track_s, settle_s)
            table.add("the group's most memory, files read included", group.peak_mb, "MB")
            table.add("waited for its share of the core", group.throttled_s, "s")
            table.add("killed for want of memory", group.killed, "", most=0)
            began = time.monotonic()
            inlay.stop()
            table.add("stop", time.monotonic() - began, "s")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return table


def _start(inlay: Inlay) -> float:
    if inlay.process:
        inlay.stop()
    began = time.monotonic()
    inlay.start(seconds=10 * START_S)
    return time.monotonic() - began


def _drive(table: Table, inlay: Inlay, site: MediaSite, track_s: float, settle_s: float) -> None:
    assert inlay.process
    pid = inlay.process.pid
    time.sleep(settle_s / 4)
    table.add("idle, fresh", total_mb(pid), "MB", most=IDLE_MB)
    with httpx.Client(base_url=inlay.url, verify=False, timeout=60) as browser:
        table.add("signing in (argon2)", _timed(lambda: _sign_in(browser)), "s")
        assert browser.get("/").status_code == 200
        wait_for(lambda: warm_parent(pid), 60)
        time.sleep(settle_s)
        table.add("idle, warm: somebody has opened the inbox", total_mb(pid), "MB")
        numbers = count()
        with sampled(pid, 0.5) as most:
            first = _submit(inlay, site, next(numbers), track_s)
            table.add("link to review", _timed(lambda: _reach(inlay, first, "review")), "s")
            answers = _pages_until_converted(inlay, browser, first)
            table.add("  pages while it converts: answered", len(answers), "")
            table.add("  half of them within", percentile(answers, 50), "ms", most=PAGE_MS)
            table.add("  the slowest", max(answers), "ms", most=PATIENCE_MS)
            table.add("add to done", _timed(lambda: _add(inlay, first)), "s")
            # Two at once, one of them to be looked at while the other is added.
            began = time.monotonic()
            several = [_submit(inlay, site, next(numbers), track_s, skip_review=True) for _ in range(2)]
            for id in several:
                _reach(inlay, id, "done")
            table.add("two more, added by themselves", time.monotonic() - began, "s")
            assert len(inlay.files()) >= 3, inlay.files()
        warm = warm_parent(pid)
        table.add(
            "the largest child", max((mb for one, mb in most.items() if one != warm), default=0.0), "MB"
        )
        _end_the_warm_parent(pid)
        time.sleep(settle_s / 4)
        table.add("idle, afterwards, the warm parent gone", total_mb(pid), "MB", most=IDLE_MB)


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _sign_in(browser: httpx.Client) -> None:
    assert browser.post("/login", data={"name": "alice", "password": PASSWORD}).status_code in (200, 303)


def _submit(inlay: Inlay, site: MediaSite, number: int, track_s: float, **more: object) -> str:
    file = audio.make("m4a", track_s)
    link = site.track(f"b{number}", file, title=f"The Paper Harbour - Tin Roof Rain {number}")
    with inlay.api() as api:
        answer = api.post("/downloads/url", json={"url": link, "format": "mp3", **more}, timeout=60)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _reach(inlay: Inlay, id: str, state: str) -> None:
    found = wait_for(lambda: (d := inlay.download(id))["state"] in (state, "failed") and d, 600, 0.5)
    assert found["state"] == state, found


def _add(inlay: Inlay, id: str) -> None:
    inlay.confirm(id, title=f"Tin Roof Rain {id[-4:]}", artist="The Paper Harbour")
    _reach(inlay, id, "done")


def _pages_until_converted(inlay: Inlay, browser: httpx.Client, id: str) -> list[float]:
    """Milliseconds of each page that was asked for, one after the other, until the conversion was done."""
    answers = []
    paths = ["/", f"/downloads/{id}/review", "/library", "/history"]
    deadline = time.monotonic() + 600
    for number in count():
        began = time.monotonic()
        answer = browser.get(paths[number % len(paths)])
        answers.append((time.monotonic() - began) * 1000)
        assert answer.status_code == 200, answer.text
        if number % len(paths) == 0 and inlay.download(id)["tracks"][0]["conversion"] == "done":
            return answers
        assert time.monotonic() < deadline, "the conversion does not end"
        time.sleep(0.5)
    return answers


def _end_the_warm_parent(pid: int) -> None:
    """It goes by itself when it has had nothing to do for three minutes."""
    if warm := warm_parent(pid):
        os.kill(warm, signal.SIGTERM)
