"""What the egress guard costs: one large file straight from a server of ours, and through the guard."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx

from app.sources.addresses import Allowed
from app.sources.egress import EgressGuard
from tests.bench.figures import Table
from tests.running import free_port, wait_for

ROUNDS = 5
MB = 1_000_000
LARGE_BYTES = 256 * MB
FETCH = """
import sys, time, urllib.request as fetch
began = time.perf_counter()
proxies = {"http": sys.argv[2]} if sys.argv[2] else {}
with fetch.build_opener(fetch.ProxyHandler(proxies)).open(sys.argv[1]) as answer:
    while answer.read(256 * 1024):
        pass
print(time.perf_counter() - began)
"""


def measure(rounds: int | None = None, large_bytes: int = LARGE_BYTES) -> Table:
    table = Table("egress", f"{large_bytes // MB} MB over loopback, median of {rounds or ROUNDS}")
    direct, guarded, cpu = [], [], []
    guard = EgressGuard(Allowed("127.0.0.1"))
    guard.start()
    try:
        with _server(large_bytes) as url:
            for number in range(rounds or ROUNDS):
                direct.append(_fetch(url, ""))
                ticket = guard.open(f"bench{number}", 2 * large_bytes)
                # Nothing but the guard works in this process meanwhile.
                before = time.process_time()
                guarded.append(_fetch(url, ticket.url))
                cpu.append(time.process_time() - before)
                guard.close(f"bench{number}")
    finally:
        guard.stop()
    table.add("straight", large_bytes / MB / median(direct), "MB/s")
    table.add("through the guard", large_bytes / MB / median(guarded), "MB/s")
    table.add("the guard's CPU seconds for a GB", median(cpu) * 1000 * MB / large_bytes, "s")
    return table


def _fetch(url: str, proxy: str) -> float:
    command = [sys.executable, "-I", "-c", FETCH, url, proxy]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@contextmanager
def _server(size_bytes: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="inlay-bench-") as folder:
        file = Path(folder) / "large"
        file.touch()
        os.truncate(file, size_bytes)
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "http.server",
            str(port),
            "--bind",
            "127.0.0.1",
            "--directory",
            folder,
        ]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            assert server.stderr
            wait_for(lambda: _answers(f"http://127.0.0.1:{port}/"))
            yield f"http://127.0.0.1:{port}/large"
        finally:
            server.terminate()
            server.communicate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.ConnectError:
        return False
