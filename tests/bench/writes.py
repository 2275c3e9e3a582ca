"""What a small disk has to bear: bytes and waits for the disk (fsync), for a download and while idle."""

import shutil
import time

import httpx

from tests.bench.figures import Table
from tests.bench.tracing import Trace, Written
from tests.bench.world import Bench
from tests.running import Inlay

SETTINGS = {"per_site": "4"}
DATABASE_SYNCS = 12
MB = 1_000_000


def trace_of(inlay: Inlay) -> Trace:
    """Arrange for `inlay` to be followed from its next start on."""
    kinds = {
        "database": inlay.data / "inlay.db",
        "staging": inlay.staging,
        "library": inlay.library,
        "other": inlay.data,
    }
    trace = Trace(inlay.home / "strace.log", kinds)
    inlay.launcher = [*trace.command, *inlay.launcher]
    return trace


def can_trace() -> bool:
    return shutil.which("strace") is not None


def measure(bench: Bench, trace: Trace) -> Table:
    table = Table("writes", "bytes written and fsyncs, followed by strace")
    with bench.inlay.api() as api:
        bench.wait([bench.submit(api, bench.track(), skip_review=True)], "done")
        time.sleep(bench.scale.rest_s)
        trace.so_far()
        time.sleep(bench.scale.idle_s)
        minute = 60 / bench.scale.idle_s
        idle = trace.so_far()
        table.add("idle: fsyncs a minute", minute * sum(one.syncs for one in idle.values()), "", most=0)
        table.add(
            "idle: written a minute", minute * sum(one.bytes for one in idle.values()) / MB, "MB", most=0
        )
        for format in bench.scale.formats:
            _add(table, f"{format}, no review", _download(bench, api, trace, format=format, skip_review=True))
        _add(table, "mp3, reviewed", _download(bench, api, trace, format="mp3"))
        table.add("progress: written to the database", _progress(bench, api, trace) / MB, "MB", most=0)
    return table


def _add(table: Table, name: str, written: dict[str, Written]) -> None:
    for kind, one in written.items():
        most = DATABASE_SYNCS if kind == "database" else None
        table.add(f"{name}: {kind}, fsyncs", one.syncs, "", most=most)
        table.add(f"{name}: {kind}, written", one.bytes / MB, "MB")


def _download(bench: Bench, api: httpx.Client, trace: Trace, **more: object) -> dict[str, Written]:
    trace.so_far()
    id = bench.submit(api, bench.track(), **more)
    if not more.get("skip_review"):
        bench.wait([id], "review")
        answer = api.post("/downloads/confirm", json={"id": id, "artist": "Somebody Else"})
        assert answer.status_code == 202, answer.text
    bench.wait([id], "done")
    time.sleep(bench.scale.rest_s)
    return trace.so_far()


def _progress(bench: Bench, api: httpx.Client, trace: Trace) -> int:
    """Bytes that go into the database while a download does nothing but come in."""
    id = bench.submit(api, bench.slow_track(), format="original")
    bench.wait([id], "downloading")
    time.sleep(1)
    trace.so_far()
    time.sleep(bench.scale.rest_s)
    written = trace.so_far()["database"].bytes
    bench.drop(api, [id])
    return written
