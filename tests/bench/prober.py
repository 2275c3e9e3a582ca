"""A person's browser, as far as waiting goes: asks for one page after the other and times each answer.

Runs as a process of its own, `python -m tests.bench.prober`, so that it waits for nobody but the server.
Takes `{port, cookie, token, paths, seconds, pause_s}` on standard input and prints milliseconds by path.
"""

import http.client
import json
import sys
import time
from typing import Any


def probe(order: dict[str, Any]) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {path: [] for path in order["paths"]}
    connection = http.client.HTTPConnection("127.0.0.1", order["port"], timeout=30)
    page = {"Cookie": order["cookie"], "Accept-Encoding": "gzip"}
    program = {"Authorization": f"Bearer {order['token']}"}
    end = time.monotonic() + order["seconds"]
    while time.monotonic() < end or not all(took.values()):
        for path in took:
            began = time.perf_counter()
            connection.request("GET", path, headers=program if path.startswith("/api/") else page)
            answer = connection.getresponse()
            answer.read()
            took[path].append((time.perf_counter() - began) * 1000)
            assert answer.status in (200, 204), f"{path}: {answer.status}"
            time.sleep(order["pause_s"])
    return took


if __name__ == "__main__":
    print(json.dumps(probe(json.load(sys.stdin))))
