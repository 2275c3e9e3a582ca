"""How pages come up on a slow phone: Chromium with a quarter of the CPU, on a slow 4G network."""

from typing import Any

from playwright.sync_api import Browser

from tests.bench.figures import Table
from tests.bench.world import Bench
from tests.browser.driving import CHROMIUM, PHONE, chromium
from tests.browser.screenshots import signed_in
from tests.browser.vitals import Vitals, Watched
from tests.media import audio

SETTINGS: dict[str, str] = {}
ROUNDS = 3
FIRST_BYTES = 60_000
LCP_MS, TBT_MS, CLS = 2500, 200, 0.1
"""Lighthouse's lines between good and middling."""


def measure(bench: Bench) -> Table:
    table = Table("vitals", "a phone with a quarter of this CPU, on 1.6 Mbit/s with 150 ms")
    if CHROMIUM is None:
        return table
    with bench.inlay.api() as api:
        reviewed = bench.submit(api, bench.track(thumbnail=audio.picture(1280, 720)))
        bench.wait([reviewed], "review")
        pages = {
            "login": "/login",
            "inbox": "/",
            "review": f"/downloads/{reviewed}/review",
            "library": "/library",
            "add, from a bookmark": "/add?url=https://music.example/song",
        }
        with chromium() as browser:
            state = signed_in(browser, bench.inlay)
            for name, path in pages.items():
                who = None if name == "login" else state
                several = [_first_visit(browser, bench, who, path) for _ in range(bench.rounds or ROUNDS)]
                best = min(several, key=lambda one: one.lcp_ms)
                table.add(f"{name}: first load", best.loaded_bytes / 1000, "kB", most=FIRST_BYTES / 1000)
                table.add(f"{name}: largest paint", best.lcp_ms, "ms", most=LCP_MS)
                table.add(f"{name}: blocked", min(one.tbt_ms for one in several), "ms", most=TBT_MS)
                table.add(f"{name}: jumped, of a hundred", 100 * best.cls, "", most=100 * CLS)
        bench.drop(api, [reviewed])
    return table


def _first_visit(browser: Browser, bench: Bench, state: Any, path: str) -> Vitals:
    """Nothing is in the cache."""
    with browser.new_context(base_url=bench.inlay.url, storage_state=state, **PHONE) as context:
        return Watched(context.new_page(), slow=True).open(path)
