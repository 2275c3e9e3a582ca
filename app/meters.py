"""What this process has counted and timed since its start, for /metrics. Costs a lock and a few additions.

The names and labels are all here: no text of a stranger ever becomes one.
"""

import os
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

process = ""
"""`web` or `worker` where they run apart: a label then, so that a restart of one is none of the other."""

QUICK_S = (0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0)
LONG_S = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 7200.0)


@dataclass
class Meter:
    """A counter, or with `bounds` (seconds) a histogram."""

    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    values: dict[tuple[str, ...], list[float]] = field(default_factory=dict)
    """Labels → the sum; in a histogram then how many were in each bucket, the last one without a bound."""

    @property
    def size(self) -> int:
        """Of one list of values."""
        return len(self.bounds) + 2 if self.bounds else 1


METERS = {
    "inlay_downloads_ended": Meter(
        "Downloads that ended, by state and, if they failed, by kind.", ("state", "failure_kind")
    ),
    "inlay_download_tries_failed": Meter(
        "Tries of downloads that failed and are made again by themselves, by kind.", ("failure_kind",)
    ),
    "inlay_fetched_bytes": Meter("Bytes that downloads took from the network."),
    "inlay_queue_wait_seconds": Meter("From being due in the queue until the fetch begins.", (), LONG_S),
    "inlay_fetch_duration_seconds": Meter("From the start of a fetch until the review.", (), LONG_S),
    "inlay_convert_duration_seconds": Meter("Conversions that went well.", (), LONG_S),
    "inlay_finalize_duration_seconds": Meter("Downloads that were put into the library.", (), LONG_S),
    "inlay_http_requests": Meter(
        "Requests by method, route template and status.", ("method", "route", "status")
    ),
    "inlay_http_request_duration_seconds": Meter(
        "From a request until the end of its answer, by method and route template.",
        ("method", "route"),
        QUICK_S,
    ),
}
_lock = threading.Lock()


def count(name: str, amount: float = 1, **labels: str) -> None:
    meter = METERS[name]
    key = tuple(labels[label] for label in meter.labels)
    with _lock:
        meter.values.setdefault(key, [0.0])[0] += amount


def observe(name: str, seconds: float, **labels: str) -> None:
    meter = METERS[name]
    key = tuple(labels[label] for label in meter.labels)
    with _lock:
        values = meter.values.setdefault(key, [0.0] * (len(meter.bounds) + 2))
        values[0] += seconds
        values[1 + bisect_left(meter.bounds, seconds)] += 1


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Observes what ends without an error."""
    began = time.monotonic()
    yield
    observe(name, time.monotonic() - began)


def resident_bytes() -> int:
    """Of this process."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def read() -> dict[str, dict[tuple[str, ...], list[float]]]:
    """A consistent copy of all values."""
    with _lock:
        return {
            name: {key: list(values) for key, values in meter.values.items()}
            for name, meter in METERS.items()
        }
