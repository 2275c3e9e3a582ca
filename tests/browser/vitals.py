"""What a page weighs and how it comes up, as Chromium tells: bytes, paint, jumps, and a busy thread."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession, Page

OBSERVE = """
window.vitals = { lcp: 0, cls: 0, tasks: [] };
new PerformanceObserver((list) => { for (const one of list.getEntries()) vitals.lcp = one.startTime; })
  .observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) vitals.cls += one.value;
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => { for (const one of list.getEntries()) vitals.tasks.push(one.duration); })
  .observe({ type: "longtask", buffered: true });
"""
LONG_MS = 50
QUIET_MS = 1500
"""So long nothing may come any more before a page counts as up."""

SLOW_CPU = 4
SLOW_4G = {"latency": 150, "downloadThroughput": 1_600_000 // 8, "uploadThroughput": 750_000 // 8}
"""Lighthouse's slow phone: 150 ms there and back, 1.6 Mbit/s."""


@dataclass(frozen=True)
class Vitals:
    loaded_bytes: int
    """Over the wire: compressed, with headers; nothing for what the cache had, nor for covers and sound."""
    lcp_ms: float
    """Until the largest thing on the screen is painted."""
    cls: float
    """How much jumped."""
    tbt_ms: float
    """How long a tap could have had to wait, beyond 50 ms each time."""


class Watched:
    """A page whose traffic is counted. With `slow`, on a slow phone and network."""

    def __init__(self, page: Page, *, slow: bool = False) -> None:
        self.page = page
        self._bytes = 0
        self._theirs: set[str] = set()
        page.add_init_script(OBSERVE)
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("Network.enable")
        self._cdp.on("Network.responseReceived", self._answered)
        self._cdp.on("Network.loadingFinished", self._loaded)
        if slow:
            self._cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})
            self._cdp.send("Network.emulateNetworkConditions", {"offline": False, **SLOW_4G})

    def open(self, url: str) -> Vitals:
        """A real load, also where htmx would only exchange the page's content."""
        self._bytes = 0
        self.page.goto(url, wait_until="load")
        return self._settled()

    def _settled(self) -> Vitals:
        self.page.wait_for_timeout(QUIET_MS)
        found: dict[str, Any] = self.page.evaluate("vitals")
        blocked = sum(max(0, one - LONG_MS) for one in found["tasks"])
        return Vitals(self._bytes, found["lcp"], found["cls"], blocked)

    def _answered(self, event: dict[str, Any]) -> None:
        if event["type"] in ("Image", "Media") and "/static/" not in event["response"]["url"]:
            self._theirs.add(event["requestId"])

    def _loaded(self, event: dict[str, Any]) -> None:
        if event["requestId"] not in self._theirs:
            self._bytes += int(event["encodedDataLength"])
